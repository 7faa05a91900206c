// It has arrived: the next matter gets a key of its own.
try {
  window.sessionStorage.removeItem("xq:say-key");
} catch {
  // no storage, nothing kept
}
