// An open thread: what arrives is added where it belongs, and nothing moves under the eye.
// The thread is a log, so screen readers are told; who has scrolled up gets a button.

const EVERY_MS = 5000;
const LIVE_MS = 60000; // js/live.js says when there is something
const AGAIN_MS = 250; // when it was asked for while an answer was on its way
const SOON_MS = 1000; // while what was just sent is on its way
const SOON_FOR_MS = 20000;
const SLOWEST_MS = 60000;
const NEAR = 80; // this close to the end counts as the end
const thread = document.querySelector("[data-live-thread]");
const jump = document.querySelector("[data-thread-jump]");
const told = document.querySelector("[data-thread-told]");
const end = document.querySelector("#latest");
const pane = thread.closest(".inbox__scroll");
let etag = "";
const every = () => (document.documentElement.dataset.live === "on" ? LIVE_MS : EVERY_MS);
let wait = every();
let unseen = 0;
let sentAt = -Infinity;
let next = 0;
let isAsking = false;

const scrolls = () => getComputedStyle(pane).overflowY === "auto";
const bottom = () => (scrolls() ? pane.getBoundingClientRect().bottom : innerHeight);
const isAtEnd = () => end.getBoundingClientRect().top <= bottom() + NEAR;
const toEnd = () => end.scrollIntoView({ block: "end" });

function shows(jumps) {
  unseen = jumps;
  jump.hidden = unseen === 0;
  const words = unseen === 1 ? jump.dataset.one : jump.dataset.other;
  jump.textContent = words.replace("{n}", unseen);
}

// Without what the reader has unfolded, and without the line that has its own changes.
function body(bubble) {
  const copy = bubble.cloneNode(true);
  copy.querySelector(".message__foot")?.remove();
  for (const one of copy.querySelectorAll("details")) one.open = false;
  return copy;
}

// What has not changed stays where it is: somebody may be listening to it.
function renew(old, fresh) {
  let here = old.firstElementChild;
  const dropUntil = (end) => {
    while (here !== end) {
      const next = here.nextElementSibling;
      here.remove();
      here = next;
    }
  };
  for (const one of [...fresh.children]) {
    let same = here;
    while (same && !body(same).isEqualNode(body(one))) same = same.nextElementSibling;
    if (same) {
      dropUntil(same);
      here = same.nextElementSibling;
    } else old.insertBefore(one, here);
  }
  dropUntil(null);
}

function update(old, fresh) {
  const [before, after] = [old, fresh].map((one) => one.querySelector(".message__foot"));
  const open = [...old.querySelectorAll("details")].map((one) => one.open);
  if (before && after && before.textContent !== after.textContent) before.replaceWith(after.cloneNode(true));
  if (!body(old).isEqualNode(body(fresh))) renew(old, fresh);
  [...old.querySelectorAll("details")].forEach((one, at) => (one.open = open[at] ?? false));
}

// Answers how many messages are new.
function merge(page) {
  const fresh = [...page.querySelector(".thread").children];
  const isKnown = (one) => one.matches("article") && document.getElementById(one.id);
  if (!fresh.some(isKnown)) {
    // More has arrived than one page holds: begin again from what is newest.
    for (const one of thread.querySelectorAll(":scope > [id]")) one.remove();
    const [earlier, later] = [document, page].map((one) => one.querySelector("#thread-earlier"));
    if (earlier && later) earlier.replaceWith(later);
  }
  let count = 0;
  let last = null;
  for (const one of fresh) {
    const old = document.getElementById(one.id);
    if (old) update(old, one);
    else if (last) last.after(one);
    else thread.append(one);
    if (!old && one.matches("article")) count += 1;
    last = old ?? one;
  }
  return count;
}

function take(page) {
  const wasAtEnd = isAtEnd();
  const top = scrolls() ? pane.getBoundingClientRect().top : 0;
  const held = [...thread.querySelectorAll("article")].find(
    (one) => one.getBoundingClientRect().bottom > top,
  );
  const before = held?.getBoundingClientRect().top;
  const count = merge(page);
  if (wasAtEnd && count) toEnd();
  else if (held) {
    const scroller = scrolls() ? pane : document.scrollingElement;
    scroller.scrollTop += held.getBoundingClientRect().top - before;
  }
  shows(wasAtEnd ? 0 : unseen + count);
  const seen = wasAtEnd && page.querySelector("[data-marks-read]");
  if (seen) document.dispatchEvent(new CustomEvent("thread:seen", { detail: seen }));
  const left = page.querySelector("[data-window-now]")?.dataset.windowNow;
  if (left) document.dispatchEvent(new CustomEvent("thread:window", { detail: Number(left) }));
  const moved = page.querySelector("[data-thread-moved]");
  if (moved?.textContent !== told.firstElementChild?.textContent) {
    told.replaceChildren(...(moved ? [moved] : []));
  }
}

async function ask() {
  const query = new URLSearchParams({ live: thread.dataset.liveThread });
  const headers = { "HX-Request": "true", ...(etag && { "If-None-Match": etag }) };
  const answer = await fetch(`?${query}`, { headers, cache: "no-store" });
  if (answer.redirected || [401, 403, 404].includes(answer.status)) return false;
  if (!answer.ok) return answer.status === 304 || Promise.reject(answer);
  etag = answer.headers.get("ETag") ?? "";
  take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  return true;
}

async function poll() {
  let goesOn = true;
  clearTimeout(next);
  if (isAsking) return plan(AGAIN_MS);
  isAsking = true;
  if (document.visibilityState === "visible") {
    try {
      goesOn = await ask();
      wait = every();
    } catch {
      wait = Math.min(SLOWEST_MS, wait * 2); // the server is away: ask less often
    }
  }
  isAsking = false;
  if (goesOn) plan(performance.now() - sentAt < SOON_FOR_MS ? Math.min(wait, SOON_MS) : wait);
}

function plan(ms) {
  clearTimeout(next);
  next = setTimeout(poll, ms);
}

// js/composer.js: a message of ours is in the thread, and its statuses follow.
document.addEventListener("thread:sent", () => {
  sentAt = performance.now();
  toEnd();
  poll();
});

thread.addEventListener("live", poll);
document.addEventListener("live:state", () => plan((wait = every())));

jump.addEventListener("click", () => {
  toEnd();
  end.focus({ preventScroll: true });
  shows(0);
});
(scrolls() ? pane : document).addEventListener("scroll", () => isAtEnd() && shows(0), {
  passive: true,
});
plan(wait);
