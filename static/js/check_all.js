// One box for all boxes of a page; shown here because it needs this module.
for (const all of document.querySelectorAll("[data-check-all]")) {
  const boxes = () => [
    ...document.querySelectorAll(`input[name="${all.dataset.checkAll}"]`),
  ];
  const show = () => {
    const checked = boxes().filter((box) => box.checked).length;
    all.checked = checked > 0 && checked === boxes().length;
    all.indeterminate = checked > 0 && !all.checked;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === all.dataset.checkAll) show();
  });
  show();
}
