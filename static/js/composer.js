// The form under a thread: sends without a page load, and keeps what is typed meanwhile.
// Picking a bubble to answer or react to asks the server for the same form anew.
const hasKeys = matchMedia("(hover: hover) and (pointer: fine)").matches;
const UNPROCESSABLE = 422;
const section = () => document.querySelector("#composer");
const field = () => document.querySelector("#composer-text");
let isBusy = false;

// As high as its text, and what is too long is said while there is time to mend it.
function fit() {
  const text = field();
  if (!text) return;
  text.style.blockSize = "auto";
  text.style.blockSize = `${text.scrollHeight + 2}px`;
  const over = section().querySelector("[data-composer-over]");
  const surplus = [...text.value.trim()].length - Number(text.dataset.most ?? Infinity);
  const words = surplus > 0 ? over.dataset.composerOver.replace("{n}", surplus) : "";
  if (over.textContent !== words) over.textContent = words;
  section().querySelector("[data-composer-keys]").hidden = !hasKeys || surplus > 0;
}

function put(text) {
  if (field()) field().value = text;
  fit();
}

function tell(words) {
  const problem = section().querySelector("#composer-problem");
  problem.hidden = false;
  problem.textContent = words;
}

// Whoever stood in the form goes on in the one that takes its place.
function swap(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("#composer");
  section().replaceWith(document.adoptNode(fresh));
}

function focus() {
  const place = section().querySelector("[data-composer-focus] button") ?? field() ?? section();
  place.focus({ preventScroll: false });
}

// The answer, or nothing when there is none that holds a form.
async function ask(url, options = {}) {
  let answer;
  const headers = { "HX-Request": "true" };
  const detail = { ...options, url, headers, answer: null };
  // Whoever knows a better way for what the form holds puts the answer there.
  if (options.body) document.dispatchEvent(new CustomEvent("composer:send", { detail }));
  try {
    answer = await (detail.answer ?? fetch(url, { ...options, headers, cache: "no-store" }));
  } catch {
    tell(section().dataset.offline);
    return null;
  }
  if (answer.ok || answer.status === UNPROCESSABLE) return answer;
  if (answer.status === 401) location.assign(section().dataset.latest); // to the sign-in
  else tell(section().dataset.offline);
  return null;
}

async function send(form, submitter) {
  const data = new FormData(form, submitter);
  const sent = data.has("text") ? field().value : "";
  form.setAttribute("aria-busy", "true");
  const answer = await ask(form.action, { method: "POST", body: data });
  form.removeAttribute("aria-busy");
  if (!answer) return;
  const typed = field()?.value ?? "";
  const html = await answer.text();
  if (answer.ok) document.dispatchEvent(new Event("composer:sent"));
  swap(html);
  put(answer.ok && typed.startsWith(sent) ? typed.slice(sent.length) : typed);
  focus();
  document.dispatchEvent(new CustomEvent("composer:swapped"));
  if (!answer.ok) return;
  if (document.querySelector("[data-live-thread]")) document.dispatchEvent(new Event("thread:sent"));
  else location.assign(section().dataset.latest); // an earlier page of the thread
}

async function show(query, { moves }) {
  const answer = await ask(`${section().dataset.composer}${query}`);
  if (!answer) return;
  const typed = field()?.value ?? "";
  swap(await answer.text());
  const given = field()?.value ?? "";
  put(given && typed && given !== typed ? `${given}\n${typed}` : given || typed);
  if (moves) focus();
  document.dispatchEvent(new CustomEvent("composer:swapped"));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const isPick = form.id === "bubble-picks";
  if (!isPick && !form.matches("[data-composer-form]")) return;
  event.preventDefault();
  if (isBusy) return;
  isBusy = true;
  const query = isPick && new URLSearchParams(new FormData(form, event.submitter));
  await (isPick ? show(`?${query}`, { moves: true }) : send(form, event.submitter));
  isBusy = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target !== field()) return;
  if (event.isComposing || event.defaultPrevented || event.shiftKey || event.altKey) return;
  if (!hasKeys && !event.ctrlKey && !event.metaKey) return; // a phone's Enter is a new line
  event.preventDefault();
  field().form.requestSubmit();
});
document.addEventListener("input", (event) => event.target === field() && fit());
document.addEventListener("composer:refresh", () => show("", { moves: false }));
fit();
