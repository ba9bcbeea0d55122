// The preview of a template follows what is typed into its fields; an empty field shows its gap.
const form = document.querySelector("[data-template-fill]");
const written = new Map();

for (const gap of document.querySelectorAll("[data-gap]")) {
  // What stands there when nothing is filled in: a field that came filled hides it.
  const name = gap.dataset.gap.split("-").at(-1);
  written.set(gap, gap.classList.contains("template-gap--filled") ? `{{${name}}}` : gap.textContent);
}

function show(input) {
  for (const [gap, empty] of written) {
    if (gap.dataset.gap !== input.name) continue;
    const value = input.value.trim();
    gap.textContent = value || empty;
    gap.classList.toggle("template-gap--filled", value !== "");
  }
}

form?.addEventListener("input", (event) => show(event.target));
// A browser that comes back to the page keeps what was typed.
for (const input of form?.elements ?? []) if (input.name && input.value) show(input);
