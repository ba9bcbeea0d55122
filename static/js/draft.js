// What is typed survives a reload, on this device and for a week, until it is sent.
const PREFIX = "recado-draft-";
const LASTS_MS = 7 * 24 * 3600 * 1000;
const field = () => document.querySelector("#composer-text");
const key = () => PREFIX + document.querySelector("#composer").dataset.draft;

function read(name) {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? "null");
    return kept && Date.now() - kept.at < LASTS_MS ? kept.text : "";
  } catch {
    return ""; // storage is refused, or holds what is not ours
  }
}

function keep() {
  if (!field()) return; // the window is closed: what was typed waits for it
  try {
    if (field().value) localStorage.setItem(key(), JSON.stringify({ text: field().value, at: Date.now() }));
    else localStorage.removeItem(key());
  } catch {
    // see read()
  }
}

function restore() {
  const text = field() && !field().value ? read(key()) : "";
  if (!text) return;
  field().value = text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
}

function forgetOld() {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
    for (const name of names) if (!read(name)) localStorage.removeItem(name);
  } catch {
    // see read()
  }
}

document.addEventListener("input", (event) => event.target === field() && keep());
document.addEventListener("composer:swapped", () => {
  if (!hadField) restore(); // the window has opened again
  hadField = field() !== null;
  keep();
});
let hadField = field() !== null;
forgetOld();
restore();
