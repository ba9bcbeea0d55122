// A small picker of emoji of our own: arrows move in it, Enter puts one into the text.
const KEPT = "recado-emoji";
const MOST_RECENT = 8;
const COLUMNS = 8;
const GROUPS = [
  "😀 😃 😄 😁 😆 😅 😂 🤣 😊 😇 🙂 😉 😍 🥰 😘 😋 😜 🤗 🤔 🤭 😐 😏 😬 😌 😴 😎 🥳 😕 🙁 😮 😳 🥺 😢 😭 😤 😡 🤯 😱 🤒 🤝",
  "👍 👎 👌 🙏 👏 🙌 💪 👋 🤞 ✌️ 👉 👈 👆 👇 ✋ 🫶 ❤️ 🧡 💛 💚 💙 💜 🤍 💔",
  "✅ ❌ ⚠️ ❗ ❓ 💬 📞 📱 📧 📍 📅 ⏰ ⏳ 🎉 🎁 💰 💳 🧾 📦 🚚 🏠 🔑 🛒 🏷️",
  "☕ 🍞 🥐 🍰 🎂 🍕 🍔 🥗 🍎 🍓 🌱 🌹 🌻 ☀️ 🌧️ 🌈 ⭐ 🔥 💧 🐶 🐱 🚗 ✈️ ⚽",
].map((group) => group.split(" "));
const field = () => document.querySelector("#composer-text");
const panel = () => document.querySelector("[data-emoji-panel]");

function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string").slice(0, MOST_RECENT) : [];
  } catch {
    return [];
  }
}

function remember(emoji) {
  try {
    const kept = [emoji, ...recent().filter((one) => one !== emoji)].slice(0, MOST_RECENT);
    localStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // storage is refused: nothing is remembered
  }
}

function group(title, all) {
  const box = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const grid = document.createElement("div");
  grid.className = "composer__grid";
  for (const emoji of all) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: emoji, className: "composer__glyph" });
    button.dataset.glyph = emoji;
    grid.append(button);
  }
  box.append(heading, grid);
  return box;
}

function fill(box) {
  const titles = box.dataset.groups.split("|");
  const lately = recent();
  box.replaceChildren(
    ...(lately.length ? [group(box.dataset.recent, lately)] : []),
    ...GROUPS.map((all, at) => group(titles[at], all)),
  );
}

function insert(emoji) {
  const text = field();
  text.setRangeText(emoji, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  remember(emoji);
}

const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };

document.addEventListener("keydown", (event) => {
  if (!(event.key in steps) || !event.target.matches("[data-glyph]")) return;
  event.preventDefault();
  const all = [...panel().querySelectorAll("[data-glyph]")];
  const next = all.indexOf(event.target) + steps[event.key];
  all[Math.min(all.length - 1, Math.max(0, next))].focus();
});
document.addEventListener("click", (event) => {
  const glyph = event.target.closest?.("[data-glyph]");
  if (glyph) insert(glyph.dataset.glyph);
});
// Above its button; `toggle` does not bubble, so it is caught on the way down.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target !== panel()) return;
    if (event.newState === "closed") return;
    fill(panel());
    const at = document.querySelector("[data-emoji]").getBoundingClientRect();
    panel().style.insetBlockEnd = `${innerHeight - at.top + 6}px`;
    panel().style.insetInlineStart = `${Math.max(8, Math.min(at.left, innerWidth - panel().offsetWidth - 8))}px`;
    panel().querySelector("[data-glyph]").focus();
  },
  true,
);

function ready() {
  const button = document.querySelector("[data-emoji]");
  if (button) button.hidden = false;
}

document.addEventListener("composer:swapped", ready);
ready();
