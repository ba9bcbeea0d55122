// The 24 hours of a conversation counted down; when they are over the form changes to the
// offer of a template, and back when the person has written. The server's word counts.
const AGAIN_MS = 3000;
const box = () => document.querySelector("[data-window]");
let shown = null;
let end = 0;
let asked = -Infinity;
let heard = 0; // until when it is open, by the thread's own word

function written(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 1 ? `${minutes} min` : `${seconds} s`;
}

function refresh() {
  if (performance.now() - asked < AGAIN_MS) return;
  asked = performance.now();
  document.dispatchEvent(new Event("composer:refresh"));
}

function tick() {
  if (!box()) return;
  if (box() !== shown) {
    shown = box();
    end = performance.now() + Number(shown.dataset.window) * 1000;
  }
  const place = shown.querySelector("[data-window-left]");
  const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
  if (!place && heard > performance.now()) {
    heard = 0;
    asked = -Infinity; // a form that was asked for before the person wrote
    refresh();
  }
  if (!place) return;
  if (place.textContent !== written(left)) place.textContent = written(left);
  if (left === 0) refresh();
}

// js/live_thread.js: how long it lasts since the last message.
document.addEventListener("thread:window", (event) => {
  heard = performance.now() + event.detail * 1000;
  if (box()?.querySelector("[data-window-left]") && event.detail > 0) end = heard;
  tick();
});
document.addEventListener("composer:swapped", tick);
tick();
setInterval(tick, 1000);
