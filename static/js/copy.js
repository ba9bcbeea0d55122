// Copy buttons: shown here because they need this module, and told to screen readers.
const told = document.querySelector("[data-copy-told]");
const BACK_AFTER_MS = 2500;

function tell(button, word) {
  const label = button.querySelector("[data-copy-word]");
  const before = label.dataset.before ?? label.textContent;
  label.dataset.before = before;
  label.textContent = word;
  if (told) told.textContent = word;
  clearTimeout(button.copyTimer);
  button.copyTimer = setTimeout(() => {
    label.textContent = before;
    if (told) told.textContent = "";
  }, BACK_AFTER_MS);
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    tell(button, button.dataset.copied);
  } catch {
    // No clipboard without HTTPS or when it is forbidden.
    tell(button, button.dataset.failed);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
