// Entry at window and hotline without a mouse. Without this file the form still works with Tab and its buttons.
const form = document.querySelector("[data-dk-entry]");

function store() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

function setUp() {
  const first = form.elements.first_key;
  const kept = `xq:first-key:${form.getAttribute("action")}`;
  if (!first.value) first.value = store()?.getItem(kept) ?? "";
  const begin = () => {
    if (first.value) return;
    first.value = String(Date.now());
    store()?.setItem(kept, first.value);
  };
  form.addEventListener("input", begin);
  form.addEventListener("submit", () => (form.elements.sent.value = String(Date.now())), true);

  // only what fits the answer is asked; a sealed matter can only be registered
  function fit() {
    const reporter = form.elements.reporter.value || "person";
    for (const one of form.querySelectorAll("[data-dk-when]")) one.hidden = !one.dataset.dkWhen.split(" ").includes(reporter);
    for (const one of form.querySelectorAll("[data-dk-unless]")) one.hidden = one.dataset.dkUnless.split(" ").includes(reporter);
    const sealed = form.elements.about_official.checked;
    form.querySelector("[data-dk-sealed]").hidden = !sealed;
    for (const one of form.querySelectorAll("[data-dk-open-only]")) one.hidden = sealed;
  }
  form.addEventListener("change", fit);
  form.addEventListener("reset", () => setTimeout(fit));
  for (const field of form.elements) field.addEventListener("xq:restored", fit);
  fit();

  // Enter goes on to the next field; Ctrl+Enter sends with the end that is open
  const fields = () =>
    [...form.querySelectorAll("input:not([type=hidden]),select,textarea,button[name=end],summary")].filter((one) => one.offsetParent && !one.disabled);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      form.requestSubmit(openEnd());
    } else if (event.target.matches("input:not([type=file]):not([type=submit])")) {
      event.preventDefault();
      const all = fields();
      all[all.indexOf(event.target) + 1]?.focus();
    }
  });
  const KEYS = { KeyS: "id_text", KeyW: "id_place", KeyX: "id_name", KeyH: "id_phone", KeyY: "id_wish", KeyR: "entry-answer", KeyP: "entry-dispatch" };
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const goal = document.getElementById(KEYS[event.code] ?? "");
    if (!goal || goal.hidden) return;
    event.preventDefault();
    if (goal.matches("details")) goal.open = true;
    (goal.querySelector("textarea,input:not([type=hidden])") ?? goal).focus();
  });
  function openEnd() {
    const open = form.querySelector("details.dk-end[open]:not([hidden])");
    return open?.querySelector("button[name=end]") ?? form.querySelector("[data-dk-register]");
  }
  for (const fold of form.querySelectorAll("details.dk-end")) {
    fold.addEventListener("toggle", () => {
      if (!fold.open) return;
      for (const other of form.querySelectorAll("details.dk-end")) if (other !== fold) other.open = false;
      const at = document.activeElement; // a toggle may come late, when somebody is writing in the fold already
      if (!fold.contains(at) || at.matches("summary")) fold.querySelector("textarea,input:not([type=hidden])").focus();
    });
  }

  // what stands beside is taken over with one key
  document.addEventListener("click", (event) => {
    const lead = event.target.closest("[data-dk-lead]");
    if (lead) {
      const select = form.elements.lead;
      select.value = lead.dataset.dkLead;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      document.getElementById("entry-dispatch").open = true;
      form.elements.task.focus();
    }
    const reply = event.target.closest("[data-dk-reply]");
    if (reply) {
      form.elements.reply.value = document.getElementById(reply.dataset.dkReply).innerText.trim();
      form.elements.knowledge.value = reply.dataset.dkSlug;
      const source = form.querySelector("[data-dk-source]");
      source.hidden = false;
      source.querySelector("strong").textContent = reply.dataset.dkQuestion;
      document.getElementById("entry-answer").open = true;
      form.elements.reply.dispatchEvent(new Event("input", { bubbles: true }));
      form.elements.reply.focus();
    }
  });

  // what was typed before this file came, or put back, counts, and is looked up once htmx listens
  if (form.elements.text.value) begin();
  if (form.elements.text.value || form.dataset.xqBound !== undefined) {
    document.addEventListener("DOMContentLoaded", () => form.elements.text.dispatchEvent(new Event("xq:restored")));
  }
}
if (form) setUp();
