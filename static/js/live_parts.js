// Parts of a page that follow what is so now (js/live.js says when): the page is fetched again
// and its parts are brought up to date, down to the words that differ. What somebody writes,
// has chosen, unfolded or stands on stays as it is. Rows of a list change where they are and
// never move: that there are others is said, and a link shows them.

const region = document.querySelector("[data-live-parts]");
const told = document.querySelector("[data-live-told]");
const moved = document.querySelector("[data-live-moved]");
let isAsking = false;
let wantsAgain = false;

const shell = (node) => node.cloneNode(false);
const rowsOf = (part) => [...part.querySelectorAll(":scope > [id]")];

function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const isSame = old.nodeType === Node.ELEMENT_NODE && shell(old).isEqualNode(shell(fresh));
  const [now, next] = [[...old.childNodes], [...fresh.childNodes]];
  if (isSame && now.length === next.length) now.forEach((one, at) => renew(one, next[at]));
  else if (isSame) fill(old, fresh);
  else old.replaceWith(fresh.cloneNode(true));
}

// Children by their ids where they have some: what is known stays, what is new comes in.
function fill(old, fresh) {
  const known = new Map(rowsOf(old).map((one) => [one.id, one]));
  if (!known.size) return old.replaceChildren(...fresh.cloneNode(true).childNodes);
  const kept = [...fresh.childNodes].map((one) => {
    const before = known.get(one.id);
    if (!before) return one.cloneNode(true);
    renew(before, one);
    return old.querySelector(`:scope > [id="${CSS.escape(one.id)}"]`);
  });
  const stays = new Set(kept);
  for (const one of [...old.childNodes]) if (!stays.has(one)) one.remove();
  kept.forEach((one, at) => {
    if (old.childNodes[at] !== one) old.insertBefore(one, old.childNodes[at] ?? null);
  });
}

// Answers how many rows there are that the reader does not see; -1: none, but some are gone.
function renewRows(part, fresh) {
  const [now, next] = [rowsOf(part), rowsOf(fresh)];
  const chosen = new Set([...part.querySelectorAll("input:checked")].map((one) => one.id));
  for (const row of next) {
    const old = now.find((one) => one.id === row.id);
    if (!old) continue;
    for (const one of row.querySelectorAll("input")) {
      one.toggleAttribute("checked", chosen.has(one.id));
    }
    for (const one of old.querySelectorAll("input")) {
      one.toggleAttribute("checked", one.checked);
    }
    renew(old, row);
  }
  const ids = new Set(now.map((one) => one.id));
  const count = next.filter((one) => !ids.has(one.id)).length;
  return count || (now.every((one) => next.some((other) => other.id === one.id)) ? 0 : -1);
}

function say(count) {
  if (!moved) return;
  const { one, other, gone } = moved.dataset;
  const words = count > 1 ? other.replace("{n}", count) : count === 1 ? one : gone;
  moved.hidden = count === 0;
  if (count && moved.firstElementChild.textContent !== words) {
    moved.firstElementChild.textContent = words;
  }
}

function take(page) {
  const [had, has] = [region, page].map((one) => one.querySelector("[data-live-rows]"));
  if (!had && has) say(rowsOf(has).length);
  if (had && !has) say(-1);
  for (const part of region.querySelectorAll("[data-live-part]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh) continue;
    const unfolded = [...part.querySelectorAll("details")].map((one) => one.open);
    fresh.querySelectorAll("details").forEach((one, at) => (one.open = unfolded[at] ?? one.open));
    if ("liveRows" in part.dataset) say(renewRows(part, fresh));
    else {
      const before = part.querySelectorAll(".timeline__item").length;
      renew(part, fresh);
      const grown = part.querySelectorAll(".timeline__item").length > before;
      if (grown && told) told.textContent = told.dataset.liveTold;
    }
  }
}

async function ask() {
  if (isAsking) {
    wantsAgain = true;
    return;
  }
  isAsking = true;
  wantsAgain = false;
  try {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const answer = await fetch(location.href.split("#")[0], { headers, cache: "no-store" });
    if (answer.ok && !answer.redirected) {
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
  } catch {
    // The server is away: the clock asks again.
  }
  isAsking = false;
  if (wantsAgain) ask();
}

region.addEventListener("live", ask);
