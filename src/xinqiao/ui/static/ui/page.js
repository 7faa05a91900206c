// Every page: where an error is, dialogs, copying, growing text fields, the band when the connection is gone.
const words = document.getElementById("xq-words")?.dataset ?? {};
const say = (text) => {
  const place = document.getElementById("xq-say");
  if (place) place.textContent = text;
};

function prepare(root) {
  const errors = root.querySelector?.("[data-xq-errors]");
  if (errors) errors.focus();
  for (const area of root.querySelectorAll?.("textarea[data-xq-grow]") ?? []) grow(area);
  for (const one of root.querySelectorAll?.("[data-xq-js]") ?? []) one.hidden = false;
}

function grow(area) {
  if (!area.offsetParent) return;
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 4, window.innerHeight * 0.6)}px`;
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("textarea[data-xq-grow]")) grow(event.target);
  const counter = event.target.closest?.(".xq-field")?.querySelector("[data-xq-left]");
  if (counter && event.target.maxLength > 0) {
    counter.textContent = counter.dataset.xqLeft.replace("{n}", event.target.maxLength - event.target.value.length);
  }
});

document.addEventListener("click", async (event) => {
  const target = event.target.closest?.("[data-xq-open],[data-xq-close],[data-xq-copy],[data-xq-print],.xq-errors a");
  if (!target) return;
  if (target.matches(".xq-errors a")) {
    const field = document.getElementById(target.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    const control = field.matches("input,select,textarea,button") ? field : field.querySelector("input,select,textarea");
    field.scrollIntoView({ block: "center" });
    (control ?? field).focus({ preventScroll: true });
  } else if (target.dataset.xqOpen !== undefined) {
    const dialog = document.getElementById(target.dataset.xqOpen);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
    }
  } else if (target.dataset.xqClose !== undefined) {
    target.closest("dialog")?.close();
  } else if (target.dataset.xqPrint !== undefined) {
    window.print();
  } else {
    const text = target.dataset.xqCopy || document.querySelector(target.dataset.xqCopyFrom)?.textContent || "";
    await navigator.clipboard.writeText(text.trim());
    say(words.copied);
    const word = target.querySelector("span") ?? target;
    word.dataset.first ??= word.textContent;
    word.textContent = words.copied;
    setTimeout(() => (word.textContent = word.dataset.first), 2000);
  }
});

// A menu closes when the focus or a click goes elsewhere, or by Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.xq-menu[open], details.xq-post[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.xq-menu[open], details.xq-post[open]")) {
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

// Folded rights, traces and entries are opened for the printer.
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("main details:not([open])")) {
    one.open = true;
    one.dataset.xqPrinted = "";
  }
});
window.addEventListener("afterprint", () => {
  for (const one of document.querySelectorAll("details[data-xq-printed]")) one.open = false;
});

function connection() {
  const band = document.getElementById("xq-offline");
  if (band) band.hidden = navigator.onLine;
}
window.addEventListener("online", connection);
window.addEventListener("offline", connection);
connection();

document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
document.addEventListener("htmx:responseError", (event) => {
  const note = document.getElementById("xq-messages");
  if (!note) return;
  const line = document.createElement("div");
  line.className = "xq-note xq-note-error";
  line.textContent = { 403: words.stale, 404: words.gone, 413: words.large, 429: words.slow, 503: words.away, 507: words.full }[event.detail.xhr.status] ?? words.failed;
  note.replaceChildren(line);
  note.scrollIntoView({ block: "nearest" });
});
prepare(document);
