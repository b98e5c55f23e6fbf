// Keeps the list of devices as it is now: takes rows that the server sends and puts them in as text, never as markup.
"use strict";

const SILENCE_MS = 12000;
const MOVED_MS = 1500;
const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

let source = null;
let silence = null;
let answers = true;  // whether the controller does: the stream lives without it, too

function show(element, row) {
  const level = element.querySelector(".level");
  const moved = level.textContent !== row.level_text;
  element.dataset.state = row.state;
  put(level, row.level_text);
  put(element.querySelector(".since"), row.since_text);
  put(element.querySelector(".why"), row.why);
  put(element.querySelector(".counters"), row.counters_text);
  if (!moved) return;
  element.classList.add("moved");
  window.clearTimeout(element.calm);
  element.calm = window.setTimeout(() => element.classList.remove("moved"), MOVED_MS);
}

function lost(is) {
  document.getElementById("lost").hidden = !is;
}

function heard() {
  lost(!answers);
  window.clearTimeout(silence);
  silence = window.setTimeout(again, SILENCE_MS);
}

function again() {
  lost(true);
  source.close();
  connect();
}

function connect() {
  window.clearTimeout(silence);
  silence = window.setTimeout(again, SILENCE_MS);
  source = new EventSource("/api/v1/stream/devices");
  for (const element of document.querySelectorAll("[data-wire]")) {
    source.addEventListener("device " + element.dataset.wire, (event) => { heard(); show(element, JSON.parse(event.data)); });
  }
  source.addEventListener("live", (event) => { answers = event.data === "true"; heard(); });
  source.addEventListener("beat", heard);
  source.onerror = () => {
    lost(true);
    if (source.readyState === EventSource.CLOSED) {
      // A session that is over: the server answers every address with the page to log in.
      fetch("/devices.js", { method: "HEAD" }).then((answer) => { if (answer.status === 401) window.location.reload(); }, () => lost(true));
    }
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && source !== null && source.readyState !== EventSource.OPEN) again();
});

connect();
