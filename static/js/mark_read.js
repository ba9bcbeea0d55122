// Marks a conversation as read once a person has it before them. A page that a browser
// only fetched ahead runs no script or is not visible, so it marks nothing.
const isSeen = () => document.visibilityState === "visible" && !document.prerendering;

async function mark(form) {
  if (!form || !isSeen()) return;
  const answer = await fetch(form.action, {
    method: "POST",
    body: new FormData(form),
    headers: { "HX-Request": "true" }, // signed out: 401 rather than on to the sign-in
    redirect: "manual",
  });
  if (answer.type !== "opaqueredirect") return; // refused: the button stays
  for (const one of document.querySelectorAll("[data-marks-read]")) one.hidden = true;
  const row = document.querySelector(".conversation-row--current");
  row?.querySelector(".badge--count")?.remove();
  row?.classList.remove("conversation-row--unread");
}

const form = document.querySelector("[data-marks-read]");

function markOnce() {
  if (!isSeen()) return;
  document.removeEventListener("visibilitychange", markOnce);
  document.removeEventListener("prerenderingchange", markOnce);
  mark(form);
}

if (form) {
  document.addEventListener("visibilitychange", markOnce);
  document.addEventListener("prerenderingchange", markOnce);
  markOnce();
}
// js/live_thread.js: more has arrived before the reader's eyes.
document.addEventListener("thread:seen", (event) => mark(event.detail));
