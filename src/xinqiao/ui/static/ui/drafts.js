// Nothing typed is lost. form[data-xq-draft="key"] saves itself as it is written and is put back when shown again.
// <html data-xq-drafts="visit">: drafts end with the visit (shared phone). "keep": until sent, signed out or a week old.
// Only the server's own word that it was taken, [data-xq-draft-done="key"] on a page, takes a draft away.
const words = document.getElementById("xq-words")?.dataset ?? {};
const PREFIX = "xq:draft:";
const WEEK = 7 * 24 * 3600 * 1000;
const owner = document.documentElement.dataset.xqOwner ?? "";
const arrived = performance.getEntriesByType("navigation")[0]?.type;
const lasting = document.documentElement.dataset.xqDrafts === "keep";

function open(store) {
  try {
    store.setItem("xq:probe", "1");
    store.removeItem("xq:probe");
    return store;
  } catch {
    return null;
  }
}
const visit = open(window.sessionStorage);
const kept = lasting ? open(window.localStorage) : null;
const storeOf = (form) => (form.dataset.xqDraftStore === "visit" ? visit : (kept ?? visit));
const keyOf = (form) => `${PREFIX}${owner}:${form.dataset.xqDraft}`;

const skipped = (field) =>
  !field.name || field.name === "csrfmiddlewaretoken" || ["password", "file", "hidden", "submit", "button"].includes(field.type) ||
  field.dataset.xqNodraft !== undefined;

function read(form) {
  const values = {};
  for (const field of form.elements) {
    if (skipped(field)) continue;
    if (field.type === "checkbox" || field.type === "radio") {
      values[field.name] ??= [];
      if (field.checked) values[field.name].push(field.value);
    } else if (field.multiple) {
      values[field.name] = [...field.selectedOptions].map((option) => option.value);
    } else {
      values[field.name] = field.value;
    }
  }
  return values;
}

// Somebody may write before this file has come, on a slow line. After "back" it is the browser that has put something there.
function touched(field) {
  if (skipped(field)) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  const options = [...(field.options ?? [])];
  if (field.multiple) return options.some((option) => option.selected !== option.defaultSelected);
  if (options.length) return field.selectedIndex !== Math.max(0, options.findIndex((option) => option.defaultSelected));
  return field.value !== field.defaultValue;
}

function joined(field, saved) {
  const typed = field.value;
  if (field.type !== "textarea" || typed.includes(saved)) return typed;
  const more = typed.replace(field.defaultValue, "");
  return saved.endsWith(more) ? saved : `${saved}\n${more}`;
}

function write(form, values, early) {
  form.dispatchEvent(new CustomEvent("xq:before-restore", { detail: values }));
  let changed = false;
  for (const field of form.elements) {
    if (skipped(field) || !(field.name in values)) continue;
    const text = typeof values[field.name] === "string" && !field.options;
    if (early.has(field.name) && !text) continue;
    const value = early.has(field.name) ? joined(field, values[field.name]) : values[field.name];
    if (field.type === "checkbox" || field.type === "radio") {
      const on = value.includes(field.value);
      changed ||= on !== field.checked;
      field.checked = on;
    } else if (field.multiple) {
      for (const option of field.options) option.selected = value.includes(option.value);
    } else if (field.value !== value) {
      field.value = value;
      changed = true;
    }
    field.dispatchEvent(new Event("xq:restored"));
  }
  return changed;
}

function note(form, text, clearable) {
  const place = form.querySelector("[data-xq-draft-note]");
  if (!place) return;
  place.textContent = text;
  if (!clearable) return;
  const clear = document.createElement("button");
  clear.type = "button";
  clear.className = "btn btn-sm btn-link";
  clear.textContent = words.draftClear;
  clear.addEventListener("click", () => {
    storeOf(form)?.removeItem(keyOf(form));
    form.reset();
    place.textContent = "";
    form.querySelector("input:not([type=hidden]),textarea,select")?.focus();
    form.dispatchEvent(new Event("xq:cleared"));
  });
  place.append(" ", clear);
}

function save(form) {
  try {
    storeOf(form)?.setItem(keyOf(form), JSON.stringify({ at: Date.now(), values: read(form) }));
    note(form, words.draftSaved, false);
  } catch {
    note(form, "", false);
  }
}

function forgetAll() {
  for (const form of document.querySelectorAll("form[data-xq-adopted]")) drop(form);
  for (const store of [visit, kept]) {
    if (!store) continue;
    for (const key of Object.keys(store)) if (key.startsWith(PREFIX)) store.removeItem(key);
  }
}

const timers = new WeakMap();
function soon(form) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => now(form), 400));
}
function drop(form) {
  clearTimeout(timers.get(form));
  return timers.delete(form);
}
function now(form) {
  if (drop(form)) save(form);
}
window.addEventListener("pagehide", () => {
  for (const form of document.querySelectorAll("form[data-xq-adopted]")) now(form);
});
function adopt(form) {
  if (form.dataset.xqAdopted) return;
  form.dataset.xqAdopted = "1";
  const store = storeOf(form);
  const early = new Set(arrived === "back_forward" ? [] : [...form.elements].filter(touched).map((field) => field.name));
  let restored = false;
  if (form.dataset.xqBound === undefined && store) {
    try {
      const saved = JSON.parse(store.getItem(keyOf(form)) ?? "null");
      restored = saved && Date.now() - saved.at < WEEK && write(form, saved.values, early);
    } catch {
      store.removeItem(keyOf(form));
    }
  }
  if (early.size || form.dataset.xqBegun !== undefined) save(form);
  if (restored) note(form, words.draftRestored, true);
  for (const name of ["input", "change"]) form.addEventListener(name, () => soon(form));
}

function adoptAll(root) {
  if (root.matches?.("form[data-xq-draft]")) adopt(root);
  for (const form of root.querySelectorAll?.("form[data-xq-draft]") ?? []) adopt(form);
}

// A form sent without a connection waits and goes by itself when the connection is back, by the button that was pressed;
// not when it was only to be looked at beforehand, nor when somebody is writing on.
const pressed = new WeakMap();
const waiting = new Map();
function band(shown) {
  const place = document.getElementById("xq-offline");
  if (place) place.hidden = !shown;
}
function wait(form) {
  const button = pressed.get(form);
  if (button?.name !== "preview") waiting.set(form, button);
  band(true);
}
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.dataset.xqForget !== undefined) forgetAll();
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.xqDraft !== undefined) save(form);
    drop(form);
    pressed.set(form, event.submitter);
    waiting.delete(form);
    if (!navigator.onLine) {
      event.preventDefault();
      event.stopImmediatePropagation();
      wait(form);
      return;
    }
    if (form.dataset.xqOnce !== undefined && !form.hasAttribute("hx-post")) {
      if (form.dataset.xqSent) event.preventDefault();
      form.dataset.xqSent = "1";
      event.submitter?.setAttribute("aria-disabled", "true");
    }
  },
  true,
);
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-xq-sent]")) {
    delete form.dataset.xqSent;
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});
window.addEventListener("online", () => {
  for (const [form, submitter] of waiting) {
    waiting.delete(form);
    if (form.isConnected) form.requestSubmit(submitter?.isConnected ? submitter : undefined);
  }
});
document.addEventListener("htmx:sendError", (event) => {
  const form = event.target.closest?.("form");
  if (form?.dataset.xqDraft === undefined) return;
  save(form);
  wait(form);
});
document.addEventListener("input", (event) => waiting.delete(event.target.form));
document.addEventListener("htmx:beforeOnLoad", (event) => {
  waiting.delete(event.detail.elt);
  band(!navigator.onLine || [...waiting.keys()].some((form) => form.isConnected));
});
// htmx takes the button that had the focus last; what counts is the one that was pressed.
document.addEventListener("htmx:configRequest", (event) => {
  const { triggeringEvent: sent, parameters, elt: form } = event.detail;
  if (sent?.type !== "submit") return;
  for (const button of form.querySelectorAll("button[name]")) delete parameters[button.name];
  if (sent.submitter?.name) parameters[sent.submitter.name] = sent.submitter.value;
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-xq-forget]:not(form)")) forgetAll();
});

for (const { dataset } of document.querySelectorAll("[data-xq-draft-done]")) {
  for (const store of [visit, kept]) store?.removeItem(`${PREFIX}${owner}:${dataset.xqDraftDone}`);
}
adoptAll(document);
document.addEventListener("htmx:load", (event) => adoptAll(event.detail.elt));
