// Keeps the list of devices as it is now: takes rows that the server sends and puts them in as text, never as markup.
"use strict";

const MOVED_MS = 1500;
const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

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

const wires = new Map(Array.from(document.querySelectorAll("[data-wire]"), (element) => ["device " + element.dataset.wire, element]));

follow("/api/v1/stream/devices", [...wires.keys(), "live"], (name, data) => {
  if (name === "live") answers = data === "true";
  lost(!answers);
  if (wires.has(name)) show(wires.get(name), JSON.parse(data));
}, () => lost(true));
