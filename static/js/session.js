// A page that waits for a phone: what has become of it is said to screen readers, and who
// stood inside the part that was replaced goes on at its heading.
const told = document.querySelector("[data-session-told]");
const page = document.querySelector("[data-session-page]");
let face = page.querySelector("[data-face]")?.dataset.face;

function say(panel) {
  const heading = panel.querySelector("h2").textContent;
  const text = panel.querySelector("[data-session-text]")?.textContent ?? "";
  told.textContent = `${heading}. ${text}`;
}

function changed() {
  const panel = page.querySelector("[data-face]");
  if (!panel || panel.dataset.face === face) return;
  face = panel.dataset.face;
  say(panel);
  // Focus that was on what is gone has fallen back to the body.
  if (document.activeElement === document.body) {
    panel.querySelector("h2").focus({ preventScroll: true });
  }
}

document.body.addEventListener("htmx:afterSettle", changed);
