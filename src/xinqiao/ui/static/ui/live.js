// Pages that refresh themselves: [data-xq-live="url"] listens; on news every [data-xq-refresh] gets "xq:refresh"
// (give it hx-get and hx-trigger="xq:refresh"). Without a stream it asks every 30 seconds.
const sign = document.querySelector("[data-xq-live]");
const EVERY = 30_000;

function show(state) {
  sign.dataset.state = state;
  const word = sign.querySelector("[data-xq-live-word]");
  if (word) word.textContent = sign.dataset[state];
}

const busy = (target) => {
  const at = document.activeElement;
  const typing = at && target.contains(at) && at.matches("input:not([type=checkbox]),textarea,select");
  return typing || target.querySelector("dialog[open], details.xq-menu[open], form[data-xq-draft] [data-xq-touched]");
};
let held = false;
function refresh() {
  held = false;
  for (const target of document.querySelectorAll(sign.dataset.xqLiveTargets || "[data-xq-refresh]")) {
    if (busy(target)) held = true;
    else window.htmx?.trigger(target, "xq:refresh");
  }
}

let timer = 0;
let newest = 0;
function news() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    newest = Date.now();
    if (!document.hidden) refresh();
    else held = true;
  }, 400);
}

let polling = 0;
function poll(on) {
  clearInterval(polling);
  polling = on ? setInterval(() => document.hidden || refresh(), EVERY) : 0;
}

// A pass is short-lived and ends with the sign-in: when the stream ends, the page asks for another one.
let tries = 0;
async function renew() {
  try {
    const answer = await fetch(sign.dataset.xqLiveRenew, {
      headers: { "X-Live": "1" },
      redirect: "manual",
      cache: "no-store",
    });
    if (!answer.ok) throw answer.status;
    listen((await answer.json()).url);
  } catch {
    setTimeout(renew, EVERY);
  }
}

function listen(address) {
  if (!address || !window.EventSource) {
    show("wait");
    poll(true);
    return;
  }
  const source = new EventSource(address, { withCredentials: true });
  source.addEventListener("open", () => {
    tries = 0;
    show("live");
    if (polling) news();
    poll(false);
  });
  for (const name of ["message", "change"]) source.addEventListener(name, news);
  source.addEventListener("error", () => {
    show("wait");
    if (!polling) poll(true);
    if (source.readyState === EventSource.CLOSED && sign.dataset.xqLiveRenew) setTimeout(renew, tries++ ? EVERY : 0);
  });
  window.addEventListener("pagehide", () => source.close(), { once: true });
}

if (sign) {
  listen(sign.dataset.xqLive);
  document.addEventListener("focusout", () => setTimeout(() => held && refresh()));
  document.addEventListener("visibilitychange", () => !document.hidden && held && refresh());
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("form[data-xq-draft]")) event.target.dataset.xqTouched = "";
  });
  window.addEventListener("offline", () => show("off"));
}
