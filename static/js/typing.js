// Tells that somebody writes an answer, at most once in twenty seconds: the person may see
// it, and nothing is answered automatically meanwhile.
const EVERY = 20_000; // milliseconds; whatsapp/services/handling.py has the same
const form = document.querySelector("[data-tells-typing]");
let next = 0;

function tell(event) {
  const field = event.target;
  if (field.id !== "composer-text" || !field.value.trim()) return;
  const now = performance.now();
  if (now < next) return;
  next = now + EVERY;
  fetch(form.action, {
    method: "POST",
    body: new FormData(form),
    headers: { "HX-Request": "true" }, // signed out: 401 rather than on to the sign-in
    redirect: "manual",
  }).catch(() => {}); // it costs the person a "typing…", nothing else
}

if (form) document.addEventListener("input", tell);
