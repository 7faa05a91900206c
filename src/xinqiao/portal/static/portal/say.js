// Three screens of one form. Without this file they stand below one another, and everything works.
const KEY = "xq:say-key";

function store() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

// The same matter sent twice, even after the page was loaded anew, carries the same key: it is taken once.
function keepKey(form) {
  const field = form.elements.key;
  if (!field) return;
  const kept = "poNewKey" in form.dataset ? "" : store()?.getItem(KEY);
  if (kept && /^[0-9A-Za-z-]{16,64}$/.test(kept)) field.value = kept;
  else store()?.setItem(KEY, field.value);
}

function setUp(form) {
  if (form.dataset.poReady) return;
  form.dataset.poReady = "1";
  keepKey(form);
  const parts = [...form.querySelectorAll("[data-po-part]")];
  const dots = [...form.querySelectorAll("[data-po-dots] li")];
  for (const one of form.querySelectorAll("[data-po-nav]")) one.hidden = false;
  const sections = form.querySelector("[data-po-check]");
  if (sections) sections.hidden = false;
  let now = 0;

  function show(at, focus) {
    now = Math.max(0, Math.min(parts.length - 1, at));
    parts.forEach((part, place) => (part.hidden = place !== now));
    dots.forEach((dot, place) => {
      dot.toggleAttribute("data-done", place < now);
      if (place === now) dot.setAttribute("aria-current", "step");
      else dot.removeAttribute("aria-current");
    });
    if (now === parts.length - 1) echo();
    if (focus) {
      parts[now].querySelector("h1")?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    for (const area of parts[now].querySelectorAll("textarea[data-xq-grow]")) area.dispatchEvent(new Event("input"));
  }
  function go(at) {
    window.history.pushState({ poFrom: now }, "", `#${at + 1}`);
    show(at, true);
  }
  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-po-next]")) go(now + 1);
    else if (event.target.closest("[data-po-back]")) window.history.state?.poFrom === now - 1 ? window.history.back() : go(now - 1);
  });
  form.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return; // 229: Safari, at the end of composing
    if (event.key === "Enter" && event.target.matches("input:not([type=file])") && now < parts.length - 1) {
      event.preventDefault();
      go(now + 1);
    }
  });
  form.poShow = (at) => show(at, true);

  // what the third screen shows again before sending
  function echo() {
    const put = (name, text) => {
      const place = form.querySelector(`[data-po-echo="${name}"]`);
      if (place) place.textContent = text || place.dataset.empty;
    };
    const text = form.elements.text.value.trim();
    put("text", text.length > 160 ? `${text.slice(0, 160)}…` : text);
    const area = form.elements.area;
    const picked = area?.value ? area.selectedOptions[0].text.replace(/\s*[（(].*[）)]$/, "") : "";
    const street = area?.value ? (area.selectedOptions[0].parentElement.label ?? "").split(" ").at(-1) : "";
    put("place", [street === picked || area?.value.length < 9 ? "" : street, picked, form.elements.place.value.trim()].filter(Boolean).join(" "));
    const chosen = [...form.querySelectorAll("input[type=file]")].reduce((sum, input) => sum + input.files.length, 0);
    const kept = form.querySelectorAll("[name=staged]").length - form.querySelectorAll("[name=staged_without]:checked").length;
    const count = form.querySelector('[data-po-echo="files"]');
    if (count) count.textContent = chosen + kept ? count.dataset.many.replace("{n}", chosen + kept) : count.dataset.empty;
  }

  // who: only what fits the answer is asked
  function who() {
    const reporter = form.querySelector("[name=reporter]:checked")?.value ?? "person";
    for (const one of form.querySelectorAll("[data-po-when]")) one.hidden = !one.dataset.poWhen.split(" ").includes(reporter);
    for (const one of form.querySelectorAll("[data-po-unless]")) one.hidden = one.dataset.poUnless.split(" ").includes(reporter);
    const sealed = form.elements.about_official?.checked;
    const confidential = form.elements.confidential?.checked && reporter !== "anonymous";
    const mood = sealed ? "sealed" : reporter === "anonymous" ? "anonymous" : confidential ? "confidential" : "open";
    for (const line of form.querySelectorAll("[data-po-seen]")) {
      const kind = line.dataset.poSeen;
      line.hidden = !(kind === mood || (mood === "confidential" && kind === "open" && line.matches(":first-child")));
    }
  }
  form.addEventListener("change", who);
  form.addEventListener("reset", () => setTimeout(who));
  for (const field of form.elements) field.addEventListener("xq:restored", who);
  who();
  guessPlaces(form);

  window.addEventListener("popstate", () => {
    if (form.isConnected) show((Number(window.location.hash.slice(1)) || 1) - 1, true);
  });
  const wrong = form.querySelector("[data-xq-errors]");
  const writing = Math.max(0, parts.findIndex((part) => part.contains(document.activeElement)));
  show(wrong || "poNewKey" in form.dataset ? Number(form.dataset.poScreen) - 1 : writing, false);
  document.getElementById("po-before")?.focus();
  window.history.replaceState(null, "", now ? `#${now + 1}` : window.location.pathname);
  // a line of the error summary opens the screen of its field first
  form.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest(".xq-errors a");
      const field = link && document.getElementById(link.hash.slice(1));
      const part = field?.closest("[data-po-part]");
      if (part) show(parts.indexOf(part), false);
    },
    true,
  );
}

// ---- what is typed as a place, looked for in the list that is already here: nothing is sent while typing
function guessPlaces(form) {
  const select = form.elements.area;
  const place = form.elements.place;
  const box = form.querySelector("[data-po-guess]");
  if (!select?.options || !place || !box) return;
  const stem = (name) => name.replace(/\s*[（(].*[）)]$/, "").replace(/(街道|社区|村|镇|乡)$/, "");
  function guess() {
    box.replaceChildren();
    const typed = place.value.replace(/\s+/g, "");
    const found = select.value || typed.length < 2 ? [] : [...select.options].filter((one) => one.value && typed.includes(stem(one.text))).sort((a, b) => stem(b.text).length - stem(a.text).length || b.value.length - a.value.length).slice(0, 3);
    box.hidden = !found.length;
    if (!found.length) return;
    box.append(box.dataset.say, " ");
    for (const option of found) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm btn-outline-primary";
      const street = (option.parentElement.label ?? "").split(" ").at(-1);
      button.textContent = street && !option.text.startsWith(street) ? `${street} ${option.text}` : option.text;
      button.addEventListener("click", () => {
        option.selected = true;
        select.dispatchEvent(new Event("change", { bubbles: true }));
        box.hidden = true;
        select.focus();
      });
      box.append(button);
    }
  }
  for (const name of ["input", "xq:restored"]) place.addEventListener(name, guess);
  place.form.addEventListener("reset", () => setTimeout(guess));
  guess();
}

// ---- sending without leaving the page: a connection that breaks loses nothing, chosen files included
const waiting = new Set();
const AGAIN = 8000;

function free(form) {
  form.querySelector("[data-po-sending]").hidden = true;
  form.querySelector("button[type=submit]").removeAttribute("aria-disabled");
  delete form.dataset.xqSent;
}
function wait(form) {
  free(form);
  waiting.add(form);
  const band = document.getElementById("xq-offline");
  if (band) band.hidden = false;
  setTimeout(() => again(form), AGAIN);
}
function again(form) {
  if (!waiting.delete(form) || !form.isConnected) return;
  form.requestSubmit();
}
function swap(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  const main = document.querySelector("main");
  main.replaceChildren(...fresh.childNodes);
  for (const one of main.querySelectorAll("script")) one.remove();
  begin();
  document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: main } }));
}
function refusals() {
  const words = document.getElementById("xq-words")?.dataset ?? {};
  return { 403: words.stale, 413: words.large, 429: words.slow, 503: words.away, 507: words.full };
}
async function send(form) {
  const failed = form.querySelector("[data-po-failed]");
  const body = new FormData(form);
  form.querySelector("[data-po-sending]").hidden = false;
  failed.hidden = true;
  form.querySelector("button[type=submit]").setAttribute("aria-disabled", "true");
  let answer, text;
  try {
    answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    if (!answer.redirected) text = await answer.text();
  } catch {
    wait(form);
    return;
  }
  const band = document.getElementById("xq-offline");
  if (band) band.hidden = navigator.onLine;
  if (answer.redirected) window.location.assign(answer.url);
  else if (answer.status === 422 || answer.status === 409) swap(text);
  else {
    free(form);
    const say = failed.querySelector("span");
    say.dataset.first ??= say.textContent;
    say.textContent = refusals()[answer.status] ?? say.dataset.first;
    failed.hidden = false;
    failed.focus();
  }
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-po-say]")) return;
  if (event.defaultPrevented) return;
  event.preventDefault();
  send(form);
});
window.addEventListener("online", () => {
  for (const form of [...waiting]) again(form);
});
document.addEventListener("input", (event) => waiting.delete(event.target.form)); // who writes on sends it themselves

function begin() {
  for (const form of document.querySelectorAll("[data-po-say]")) setUp(form);
}
begin();
