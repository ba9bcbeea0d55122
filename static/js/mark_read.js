// Marks a conversation as read once a person has it before them. A page that a browser
// only fetched ahead runs no script or is not visible, so it marks nothing.
const form = document.querySelector("[data-marks-read]");

async function mark() {
  if (document.visibilityState !== "visible" || document.prerendering) return;
  document.removeEventListener("visibilitychange", mark);
  const answer = await fetch(form.action, {
    method: "POST",
    body: new FormData(form),
    headers: { "HX-Request": "true" }, // signed out: 401 rather than on to the sign-in
    redirect: "manual",
  });
  if (answer.type !== "opaqueredirect") return; // refused: the button stays
  form.hidden = true;
  document.querySelector(".conversation-row--current .badge--count")?.remove();
  document
    .querySelector(".conversation-row--current")
    ?.classList.remove("conversation-row--unread");
}

if (form) {
  document.addEventListener("visibilitychange", mark);
  document.addEventListener("prerenderingchange", mark);
  mark();
}
