// One stream of news for the page: it says which rows have changed, and the parts that show
// them ask anew. Without a stream they ask by the clock. A hidden page listens to nothing (a
// browser has few connections to one server) and catches up when it is looked at again.
//
//   data-live-on     what a part is about: kinds, or kind:key, apart by spaces
//   data-live-pause  it asks once in so many milliseconds at most
//   data-live-every  so often without a stream; a part with a clock of its own has none

const PAUSE_MS = 250;
const SLOWEST_MS = 60000; // with a stream too: whatever may get lost, nothing stays wrong
const HIDDEN_MS = 10000;
const AGAIN_MS = 30000;
const script = document.querySelector("script[data-live]");
const state = document.documentElement.dataset;
const asked = new WeakMap();
const begun = performance.now();
let source = null;
let last = "";
let closes = 0;
let opens = 0;

const parts = () => [...document.querySelectorAll("[data-live-on]")];
const isSeen = () => document.visibilityState === "visible";

// At once, and then not again before its pause is over.
function ask(part) {
  const its = asked.get(part) ?? { at: -Infinity, timer: 0 };
  asked.set(part, its);
  if (its.timer) return;
  const left = its.at + Number(part.dataset.livePause ?? PAUSE_MS) - performance.now();
  its.timer = setTimeout(() => {
    its.timer = 0;
    its.at = performance.now();
    part.dispatchEvent(new CustomEvent("live"));
  }, Math.max(left, 0));
}

function isAbout(part, news) {
  return part.dataset.liveOn.split(" ").some((on) => {
    const [kind, key] = on.split(":");
    const keys = news[kind];
    return keys && (!key || keys.includes(key) || keys.includes("*"));
  });
}

function turn(on) {
  if (state.live === on) return;
  state.live = on;
  document.dispatchEvent(new CustomEvent("live:state"));
}

const hears = {
  ready: () => turn("on"),
  change: (event) => {
    const news = JSON.parse(event.data);
    for (const part of parts()) if (isAbout(part, news)) ask(part);
  },
  // Everybody is told at the same moment, so nobody asks at that moment.
  resync: () => {
    turn("on");
    setTimeout(() => parts().forEach(ask), Math.random() * 1000);
  },
  away: () => turn("off"),
};

function open() {
  clearTimeout(closes);
  clearTimeout(opens);
  if (source || !isSeen() || !parts().length) return;
  const query = new URLSearchParams(last ? { last } : { since: script.dataset.liveSince });
  source = new EventSource(`${script.dataset.live}?${query}`);
  for (const [name, hear] of Object.entries(hears)) {
    source.addEventListener(name, (event) => {
      last = event.lastEventId || last;
      hear(event);
    });
  }
  source.addEventListener("error", () => {
    turn("off");
    if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
    close(); // refused: signed out, too many, or nobody there that streams
    opens = setTimeout(open, AGAIN_MS * (1 + Math.random()));
  });
}

function close() {
  clearTimeout(opens);
  source?.close();
  source = null;
  turn("off");
}

function tick() {
  if (!isSeen()) return;
  for (const part of parts()) {
    const every = state.live === "on" ? SLOWEST_MS : Number(part.dataset.liveEvery);
    const since = Math.max(asked.get(part)?.at ?? begun, begun);
    if (part.dataset.liveEvery && performance.now() - since >= every) ask(part);
  }
}

document.addEventListener("visibilitychange", () => {
  if (isSeen()) open();
  else closes = setTimeout(close, HIDDEN_MS);
});
addEventListener("pagehide", close);
addEventListener("pageshow", open);
setInterval(tick, 1000);
open();
