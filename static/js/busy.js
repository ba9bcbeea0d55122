// Forms that ask a provider say so while they wait, and are sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-busy]")) return;
  if (form.dataset.busy === "sent") {
    event.preventDefault();
    return;
  }
  form.dataset.busy = "sent";
  const word = event.submitter?.dataset.busyWord;
  if (word) event.submitter.textContent = word;
  event.submitter?.setAttribute("aria-busy", "true");
});

// A page that is come back to from the browser's own cache takes its forms again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("[data-busy]")) form.dataset.busy = "";
});
