// The desk by keyboard. Rows: [data-xq-item] inside [data-xq-list]. Never while typing; can be switched off in the help.
const words = document.getElementById("xq-words")?.dataset ?? {};
const OFF = "xq:keys-off";
const help = document.getElementById("xq-keys");
const typing = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable],dialog");
const items = () => [...document.querySelectorAll("[data-xq-list] [data-xq-item]")];
const current = () => document.querySelector("[data-xq-item][aria-current='true']");
const off = () => window.localStorage.getItem(OFF) === "1";

function go(row) {
  if (!row) return;
  current()?.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  const link = row.querySelector("[data-xq-enter], a");
  link?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  peek(row);
}
let peekTimer = 0;
function peek(row) {
  const place = document.getElementById("xq-peek");
  if (!place || !row.dataset.xqPeek || !place.offsetParent) return;
  clearTimeout(peekTimer);
  peekTimer = setTimeout(() => window.htmx?.ajax("GET", row.dataset.xqPeek, { target: place, swap: "innerHTML" }), 120);
}
function move(step) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(current());
  go(all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)]);
}
function select(row, on) {
  const box = row?.querySelector("[data-xq-select]");
  if (!box) return;
  box.checked = on ?? !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}
function bulk() {
  const bar = document.querySelector("[data-xq-bulk]");
  if (!bar) return;
  const count = document.querySelectorAll("[data-xq-select]:checked").length;
  bar.hidden = count === 0;
  const place = bar.querySelector("[data-xq-bulk-count]");
  if (place) place.textContent = String(count);
}
function acts() {
  const row = current();
  const own = row?.querySelector("[data-xq-acts]");
  if (own) return own.focus(), own.click();
  const ready = [...document.querySelectorAll("[data-xq-now] .btn:not(.disabled), [data-xq-acts] .btn:not(.disabled)")];
  const first = ready.find((one) => one.offsetParent);
  if (first) return first.focus();
  const link = row?.querySelector("[data-xq-enter]");
  if (link) window.location.assign(`${link.href}#now`);
}

let lead = "";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented || off() || typing(event.target)) return;
  const key = event.key;
  const pair = lead + key;
  lead = "";
  const jump = document.querySelector(`[data-xq-go="${CSS.escape(pair)}"]`);
  if (jump) return event.preventDefault(), jump.click();
  if (key === "j" || key === "ArrowDown") {
    if (key === "ArrowDown" && !event.target.closest("[data-xq-item]")) return;
    move(1);
  } else if (key === "k" || key === "ArrowUp") {
    if (key === "ArrowUp" && !event.target.closest("[data-xq-item]")) return;
    move(-1);
  } else if (key === "Enter") {
    const link = current()?.querySelector("[data-xq-enter], a");
    if (!link || event.target.closest("a,button,summary")) return;
    link.click();
  } else if (key === "x") select(current());
  else if (key === ".") acts();
  else if (key === "/") {
    const field = document.querySelector("[data-xq-search]");
    if (!field) return;
    field.focus();
    field.select?.();
  } else if (key === "?") help?.showModal();
  else if (key === "g") lead = "g";
  else if (key === "Escape") {
    for (const row of items()) select(row, false);
    return;
  } else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-xq-keys-open]")) return help?.showModal();
  const all = event.target.closest?.("[data-xq-select-all]");
  if (all) for (const row of items()) select(row, all.checked);
  const row = event.target.closest?.("[data-xq-item]");
  if (row && !event.target.closest("a,button,input,label,summary,select")) go(row);
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-xq-item]");
  if (row && row !== current()) {
    current()?.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    peek(row);
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-xq-select]")) bulk();
  if (event.target.matches?.("[data-xq-keys-switch]")) window.localStorage.setItem(OFF, event.target.checked ? "0" : "1");
});
for (const opener of document.querySelectorAll("[data-xq-keys-open]")) opener.hidden = false;
const toggle = document.querySelector("[data-xq-keys-switch]");
if (toggle) toggle.checked = !off();

// After a refresh the same row stays current, its link or box has the focus, and what was ticked stays ticked. All within
// the swap, not at the settling some moments later: keys pressed in between count.
const PLACES = ["[data-xq-select]", "[data-xq-enter], a"];
const rowOf = (id) => document.querySelector(`[data-xq-item="${CSS.escape(id)}"]`);
let remembered = { id: "", ticked: [] };
document.addEventListener("htmx:beforeSwap", () => {
  const at = document.activeElement;
  const held = at?.closest("[data-xq-item]");
  remembered = {
    id: current()?.dataset.xqItem ?? "",
    held: held?.dataset.xqItem ?? "",
    place: PLACES.find((place) => at?.matches(place)),
    ticked: [...document.querySelectorAll("[data-xq-select]:checked")].map((box) => box.value),
  };
});
document.addEventListener("htmx:afterSwap", () => {
  if (remembered.id && !current()) rowOf(remembered.id)?.setAttribute("aria-current", "true");
  if (remembered.place && remembered.held && document.activeElement === document.body) {
    rowOf(remembered.held)?.querySelector(remembered.place)?.focus({ preventScroll: true });
  }
  for (const box of document.querySelectorAll("[data-xq-select]")) if (remembered.ticked.includes(box.value)) box.checked = true;
  bulk();
});
bulk();
