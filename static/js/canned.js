// Canned replies: "/" in an empty field opens their list, which what is typed after it
// filters; arrows choose, Enter takes, Escape closes.
const field = () => document.querySelector("#composer-text");
const box = () => document.querySelector("[data-canned-list]");
const options = () => [...box().querySelectorAll("[role=option]:not([hidden])")];
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
let loaded = null; // the list of the form that is on the page
let active = -1;

const asked = () => /^\/([^\n]{0,40})$/.exec(field()?.value ?? "")?.[1];
const isOpen = () => Boolean(box()) && !box().hidden;

async function load() {
  if (loaded === box()) return true;
  const answer = await fetch(document.querySelector("[data-canned]").dataset.canned, {
    headers: { "HX-Request": "true" },
  }).catch(() => null);
  if (!answer?.ok) return false;
  const list = new DOMParser().parseFromString(await answer.text(), "text/html");
  box().querySelector("ul").replaceChildren(...list.querySelectorAll("[role=option]"));
  loaded = box();
  return true;
}

function choose(at) {
  const all = options();
  active = all.length ? (at + all.length) % all.length : -1;
  for (const [place, one] of all.entries()) one.setAttribute("aria-selected", place === active);
  if (active < 0) return field().removeAttribute("aria-activedescendant");
  field().setAttribute("aria-activedescendant", all[active].id);
  all[active].scrollIntoView({ block: "nearest" });
}

function close() {
  if (!isOpen()) return;
  box().hidden = true;
  field()?.removeAttribute("aria-activedescendant");
}

async function look() {
  if (asked() === undefined || !(await load()) || asked() === undefined) return close();
  const words = folded(asked()).split(" ").filter(Boolean);
  for (const one of box().querySelectorAll("[role=option]")) {
    const text = folded(one.textContent);
    one.hidden = !words.every((word) => text.includes(word));
  }
  box().hidden = options().length === 0;
  choose(0);
}

function take(option) {
  field().value = option.dataset.text;
  close();
  field().focus();
  field().dispatchEvent(new Event("input", { bubbles: true }));
}

const keys = {
  ArrowDown: () => choose(active + 1),
  ArrowUp: () => choose(active - 1),
  Enter: () => take(options()[active]),
  Tab: () => take(options()[active]),
  Escape: close,
};

// Before js/composer.js, for which Enter sends.
document.addEventListener(
  "keydown",
  (event) => {
    if (!isOpen() || event.target !== field() || event.isComposing) return;
    if (!(event.key in keys) || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  },
  true,
);
document.addEventListener("input", (event) => event.target === field() && look());
document.addEventListener("mousedown", (event) => {
  const option = isOpen() && event.target.closest?.("[data-canned-list] [role=option]");
  if (!option) return;
  event.preventDefault(); // the field keeps the focus
  take(option);
});
document.addEventListener("focusout", (event) => event.target === field() && close());
document.addEventListener("composer:swapped", look);
