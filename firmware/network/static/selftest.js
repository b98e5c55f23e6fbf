// Follows the step that runs: its stage is put in as text; whatever else changes, the page is made anew by the server.
"use strict";

const SILENCE_MS = 12000;
const shown = document.querySelector("[data-run]");
const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
let source = null;
let silence = null;

function lost(is) {
  document.getElementById("lost").hidden = !is;
}

function typing() {
  const at = document.activeElement;
  return at && at.tagName === "INPUT" && at.value !== at.defaultValue;
}

function show(view) {
  if (shown && view.key !== shown.dataset.run) {
    // Whoever types a note keeps it: the page comes anew once that is sent.
    if (!typing()) window.location.reload();
    return;
  }
  if (!view.now) return;
  put(document.getElementById("now-stage"), view.now.stage_text);
  put(document.getElementById("now-do"), view.now.todo_text);
}

function heard() {
  lost(false);
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
  source = new EventSource("/api/v1/stream/selftest");
  source.addEventListener("run", (event) => { heard(); show(JSON.parse(event.data)); });
  source.addEventListener("beat", heard);
  source.onerror = () => {
    lost(true);
    if (source.readyState === EventSource.CLOSED) {
      fetch("/selftest.js", { method: "HEAD" }).then((answer) => { if (answer.status === 401) window.location.reload(); }, () => lost(true));
    }
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && source !== null && source.readyState !== EventSource.OPEN) again();
});

connect();

// What is to be done now stands before the eyes, wherever in the list the finger was.
const now = document.getElementById("now");
if (now) now.scrollIntoView();
