// Notices as toasts: said to screen readers, which only hear what changes after a page has
// loaded, and closed by their button, by Escape, or, when all is well, by time.
const SAY_AFTER_MS = 150;
const GOES_AFTER_MS = 10000;
const FLOATING = ".notices--floating";
const places = document.querySelectorAll("[data-notices]");

function close(notice) {
  const held = notice.contains(document.activeElement);
  const next = notice.nextElementSibling ?? notice.previousElementSibling;
  notice.remove();
  // Whoever closed it by keyboard goes on from a place that exists.
  if (held) {
    (next?.querySelector("button") ?? document.querySelector("#content"))?.focus({
      preventScroll: true,
    });
  }
}

function goLater(notice) {
  const isHeld = notice.matches(":hover") || notice.contains(document.activeElement);
  if (!notice.isConnected) return;
  if (isHeld) setTimeout(goLater, GOES_AFTER_MS, notice);
  else close(notice);
}

function show(notice) {
  if (notice.dataset.notice === "shown") return;
  notice.dataset.notice = "shown";
  const button = notice.querySelector(".notice__close");
  const words = notice.querySelector("[role]");
  const text = words.textContent;
  button.hidden = false;
  button.addEventListener("click", () => close(notice));
  words.textContent = "\u00a0";
  setTimeout(() => (words.textContent = text), SAY_AFTER_MS);
  const goes = words.getAttribute("role") === "status" && notice.closest(FLOATING);
  if (goes) setTimeout(goLater, GOES_AFTER_MS, notice);
}

for (const place of places) {
  // A page that is one panel has room for them; over it they would hide what it asks.
  if (!place.closest(".bare__panel")) place.classList.add(FLOATING.slice(1));
  const showAll = () => place.querySelectorAll("[data-notice]").forEach(show);
  new MutationObserver(showAll).observe(place, { childList: true });
  showAll();
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // Escape also leaves a conversation
    close(event.target.closest("[data-notice]"));
  });
}
