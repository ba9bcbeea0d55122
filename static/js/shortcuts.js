// Keys of lists: / search, j and k next and previous, Esc back, ? help. Single keys
// can be switched off (WCAG 2.1.4) and never act while somebody types.
const KEPT = "recado-shortcuts";
const ROWS = ".conversation-row__name, [data-shortcut-row]";
const dialog = document.querySelector("#shortcuts");
const isOn = document.querySelector("#shortcuts-on");

function remembered() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true; // storage is refused: the keys work, the choice lasts for this page
  }
}

function remember() {
  try {
    localStorage.setItem(KEPT, isOn.checked ? "on" : "off");
  } catch {
    // see remembered()
  }
}

const isTyping = (element) =>
  element.isContentEditable ||
  (element.matches("input, textarea, select") && element.type !== "checkbox");

function move(step) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (rows.length === 0) return;
  const current = rows.findIndex(
    (row) => row === document.activeElement,
  );
  const open = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const from = current >= 0 ? current : open;
  const next = from < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, from + step));
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
}

const keys = {
  "/": () => {
    const field = document.querySelector('[data-shortcut="search"]');
    field?.focus();
    field?.select();
  },
  j: () => move(1),
  k: () => move(-1),
  "?": () => dialog.showModal(),
};

function back(event) {
  if (document.querySelector(":popover-open")) return;
  if (isTyping(event.target)) {
    event.target.blur();
    return;
  }
  document.querySelector('[data-shortcut="back"]')?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || dialog.open) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    back(event);
    return;
  }
  if (!isOn.checked || isTyping(event.target) || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

isOn.checked = remembered();
isOn.addEventListener("change", remember);
for (const button of document.querySelectorAll("[data-opens-shortcuts]")) {
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
}
