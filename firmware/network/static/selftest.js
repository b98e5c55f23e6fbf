// Follows the step that runs: its stage is put in as text; whatever else changes, the page is made anew by the server.
"use strict";

const shown = document.querySelector("[data-run]");
const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

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

follow("/api/v1/stream/selftest", ["run"], (name, data) => {
  lost(false);
  if (name === "run") show(JSON.parse(data));
}, () => lost(true));

// What is to be done now stands before the eyes, wherever in the list the finger was.
const now = document.getElementById("now");
if (now) now.scrollIntoView();
