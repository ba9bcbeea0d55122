// Says beside a field how many of its characters are taken, and when they are too many.
for (const told of document.querySelectorAll("[data-count-of]")) {
  const field = document.getElementById(told.dataset.countOf);
  const count = () => {
    const taken = [...field.value].length;
    told.textContent = told.dataset.countWords.replace("{n}", taken);
    told.classList.toggle("field__errors", taken > Number(told.dataset.countMost));
  };
  field.addEventListener("input", count);
  count();
}
