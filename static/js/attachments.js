// Files of an answer: picked, pasted or dropped into one list, looked at before they are sent.
// They live in the field itself, so that the form sends them by itself; what takes the form's
// place gets them again.

const SIDE = 96; // pixels of a small picture, twice what is shown
const FAMILIES = ["image", "video", "audio"];
const box = () => document.querySelector("[data-attachments]");
let files = [];
let sending = [];

const named = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function size(bytes) {
  const [amount, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "kilobyte"] : [bytes / 1024 ** 2, "megabyte"];
  const how = { style: "unit", unit, maximumFractionDigits: amount < 10 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, how).format(amount);
}

// As the server decides: what the provider does not take in its own way goes as a document.
function limitOf(file) {
  const limits = JSON.parse(box().dataset.limits);
  const family = FAMILIES.find((one) => file.type.startsWith(`${one}/`));
  const own = !box().querySelector("[name=as_documents]").checked && limits[family];
  const isTaken = own && (own.types.length === 0 || own.types.includes(file.type));
  return (isTaken ? own : limits.document)?.size ?? Infinity;
}

function problemOf(file, place) {
  const words = box().dataset;
  if (place >= Number(words.mostFiles)) return words.tooMany;
  if (file.size === 0) return words.empty;
  const most = limitOf(file);
  return file.size > most ? named(words.tooLarge, { most: size(most) }) : "";
}

async function draw(file, into) {
  if (!file.type.startsWith("image/")) return;
  try {
    const picture = await createImageBitmap(file);
    const share = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, picture.width * share);
    canvas.height = Math.max(1, picture.height * share);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.className = "attachments__picture";
    canvas.setAttribute("aria-hidden", "true");
    into.replaceChildren(canvas);
  } catch {
    // It is no picture, whatever it is called.
  }
}

function part(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

function row(file, place) {
  const item = part("li", "attachments__file");
  const icon = part("span", "attachments__icon");
  icon.append(box().querySelector("[data-attachments-icon]").content.cloneNode(true));
  const name = part("bdi", "attachments__name", file.name);
  const remove = part("button", "button attachments__remove", "×");
  remove.type = "button";
  remove.ariaLabel = named(box().dataset.remove, { name: file.name });
  remove.addEventListener("click", () => {
    put(files.filter((one) => one !== file));
    (box().querySelectorAll(".attachments__remove")[place] ?? box().querySelector("input")).focus();
  });
  item.append(icon, name, part("span", "muted small", size(file.size)), remove);
  const problem = problemOf(file, place);
  if (problem) item.append(part("p", "attachments__problem", problem));
  draw(file, icon);
  return item;
}

// Shows `wanted`, and puts it where the form finds it.
function put(wanted) {
  files = wanted;
  if (!box()) return; // the form is not there now: they wait for it
  const held = new DataTransfer();
  for (const one of files) held.items.add(one);
  box().querySelector("input[type=file]").files = held.files;
  const list = box().querySelector("[data-attachments-list]");
  list.replaceChildren(...files.map(row));
  list.hidden = files.length === 0;
  box().querySelector("[data-attachments-plain]").hidden = files.length === 0;
  box().classList.add("attachments--scripted");
}

function add(more) {
  if (!more.length || !box()) return;
  box().querySelector(".attachments__problems")?.remove();
  put([...files, ...more]);
  const names = [...more].map((one) => one.name).join(", ");
  box().querySelector("[data-attachments-told]").textContent = named(box().dataset.added, { name: names });
}

// fetch() cannot tell how much of a request has left; for files that is what people ask.
function post({ url, body, headers }) {
  const bar = box().querySelector("progress");
  bar.hidden = false;
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      bar.value = event.total ? (100 * event.loaded) / event.total : 0;
    });
    request.addEventListener("loadend", () => (bar.hidden = true));
    request.addEventListener("error", () => failed(new TypeError("offline")));
    request.addEventListener("load", () => done(new Response(request.responseText, { status: request.status })));
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

const carries = (event) => event.dataTransfer?.types.includes("Files") && box();
const pane = document.querySelector(".inbox__thread");
const marks = (isOver) => pane.classList.toggle("inbox__thread--drop", isOver);

document.addEventListener("change", (event) => {
  if (event.target.id === "composer-files") {
    const picked = [...event.target.files];
    add(picked.filter((one) => !files.includes(one)));
  } else if (event.target.name === "as_documents") put(files);
});
document.addEventListener("paste", (event) => {
  const pasted = [...(event.clipboardData?.files ?? [])];
  if (!pasted.length || !box()) return;
  event.preventDefault();
  add(pasted);
});
pane.addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  marks(true);
});
pane.addEventListener("dragleave", (event) => pane.contains(event.relatedTarget) || marks(false));
pane.addEventListener("drop", (event) => {
  marks(false);
  if (!carries(event)) return;
  event.preventDefault();
  add([...event.dataTransfer.files]);
});
// Before anybody sends: what cannot go is looked at first.
document.addEventListener(
  "submit",
  (event) => {
    if (!box() || !event.target.contains(box())) return;
    const wrong = box().querySelector(".attachments__file:has(.attachments__problem) button");
    if (!wrong) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wrong.focus();
  },
  { capture: true },
);
document.addEventListener("composer:send", (event) => {
  sending = [...files];
  if (sending.length) event.detail.answer = post(event.detail);
});
document.addEventListener("composer:sent", () => (files = files.filter((one) => !sending.includes(one))));
document.addEventListener("composer:swapped", () => put(files));
put(files);
