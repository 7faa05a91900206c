// A page that nginx shows in our place: its link leads back to what was being written, as the browser has kept it.
const link = document.querySelector("[data-xq-back]");
if (link && document.referrer.startsWith(`${location.origin}/`)) {
  link.href = document.referrer;
  link.addEventListener("click", (event) => {
    if (history.length < 2) return;
    event.preventDefault();
    history.back();
  });
}
