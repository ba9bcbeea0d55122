// Counts seconds down where a page says how many are left; the page's own clock decides, not
// the visitor's. What htmx puts into the page is counted too.
const clocks = new Map();

function written(seconds) {
  if (seconds < 100) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}

function show(box, left) {
  box.querySelector("progress").value = left;
  box.querySelector("[data-countdown-time]").textContent = written(left);
  const isOver = left <= 0;
  box.querySelector("[data-countdown-over]").hidden = !isOver;
  box.querySelector("[data-countdown-label]").hidden = isOver;
  box.querySelector("[data-countdown-time]").hidden = isOver;
}

function start() {
  for (const box of document.querySelectorAll("[data-countdown]")) {
    if (clocks.has(box)) continue;
    clocks.set(box, performance.now() + Number(box.dataset.countdown) * 1000);
  }
}

function tick() {
  for (const [box, end] of clocks) {
    if (!box.isConnected) clocks.delete(box);
    else show(box, Math.max(0, Math.ceil((end - performance.now()) / 1000)));
  }
}

start();
tick();
document.body.addEventListener("htmx:afterSwap", () => {
  start();
  tick();
});
setInterval(tick, 250);
