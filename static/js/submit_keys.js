// Ctrl+Enter (or Cmd+Enter) sends the form of a text field that asks for it.
for (const told of document.querySelectorAll("[data-submit-keys-told]")) {
  told.hidden = false;
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.repeat) return;
  if (!event.ctrlKey && !event.metaKey) return;
  if (!event.target.matches("[data-submit-keys]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
