// Shows each camera's newest picture, and takes it away as soon as it is none of now. Puts in text and attributes only.
"use strict";

// The server answers within about 5 s, picture or not; older than this and nothing on this page is live any more.
const SILENCE_MS = 7000;
const PAUSE_MS = 250;
const AGAIN_MS = 2000;

const VIEWING = "/api/v1/viewings/" + encodeURIComponent(document.querySelector(".panes").dataset.viewing);

const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function blind(pane, state, said) {
  pane.dataset.state = state;
  pane.dataset.number = "";
  const image = pane.querySelector("img");
  image.hidden = true;
  image.removeAttribute("src");
  put(pane.querySelector(".tell"), said);
  put(pane.querySelector(".next"), "");
  put(pane.querySelector(".taken"), "");
  pane.querySelector(".seen").replaceChildren();
}

function silent(pane) {
  blind(pane, "silent", document.getElementById("silent").content.textContent.trim());
}

// Loads the picture beside the page first, so that the old one never stands under the new words.
async function load(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

async function show(pane, told) {
  const image = pane.querySelector("img");
  if (told.number) {
    const fresh = await load(told.picture);
    image.src = fresh.src;
    image.width = told.width;
    image.height = told.height;
    image.alt = told.picture_text;
    image.hidden = false;
  } else {
    blind(pane, told.state, told.state_text);
  }
  pane.dataset.state = told.state;
  pane.dataset.number = told.number;
  put(pane.querySelector(".tell"), told.state_text);
  put(pane.querySelector(".next"), told.advice);
  put(pane.querySelector(".taken"), told.taken_text);
  put(document.getElementById("left"), told.left_text);
  const row = document.getElementById("seen-row").content.firstElementChild;
  pane.querySelector(".seen").replaceChildren(...told.boxes.map((box) => {
    const element = row.cloneNode(true);
    put(element, box.text);
    return element;
  }));
  pane.querySelector(".nothing").hidden = told.boxes.length > 0 || !told.number;
}

const rest = (ms) => new Promise((resolve) => { window.setTimeout(resolve, ms); });

// A form is on its way: what it answers is the next page, whatever a picture that was asked for says meanwhile.
let leaving = false;
document.addEventListener("submit", () => { leaving = true; });
window.addEventListener("pageshow", () => { leaving = false; });

async function watch(pane) {
  let silence = window.setTimeout(silent, SILENCE_MS, pane);
  for (;;) {
    try {
      const query = new URLSearchParams({ camera: pane.dataset.camera, number: pane.dataset.number || "0" });
      const answer = await fetch(VIEWING + "/newest?" + query, { cache: "no-store" });
      if (answer.status === 404 || answer.status === 401 || answer.status === 403) {
        if (!leaving) window.location.reload(); // the viewing or the log-in is over: the server says so
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      await show(pane, await answer.json());
      window.clearTimeout(silence);
      silence = window.setTimeout(silent, SILENCE_MS, pane);
      await rest(pane.dataset.number ? PAUSE_MS : PAUSE_MS * 4);
    } catch {
      await rest(AGAIN_MS); // the clock of silence runs on, and says it
    }
    // A page that nobody sees asks for nothing.
    while (document.hidden) {
      silent(pane);
      await new Promise((resolve) => { document.addEventListener("visibilitychange", resolve, { once: true }); });
    }
  }
}

for (const pane of document.querySelectorAll(".pane")) watch(pane);
