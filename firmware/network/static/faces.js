// Follows an enrolment: what the person is to do, and how far it is. Puts in text and attributes only.
"use strict";

const PAUSE_MS = 1000; // the controller answers four questions a second, of all windows

const byId = (id) => document.getElementById(id);
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function show(told) {
  put(byId("step"), told.step);
  put(byId("taken"), told.taken);
  put(byId("next"), told.next);
  byId("progress").dataset.state = told.state;
  const list = byId("said");
  const text = told.said.join("\n");
  if (list.told !== text) {
    list.told = text;
    const row = byId("said-row").content.firstElementChild;
    list.replaceChildren(...told.said.map((line) => {
      const element = row.cloneNode(true);
      put(element, line);
      return element;
    }));
  }
  byId("stop").hidden = told.over;
}

async function follow() {
  for (;;) {
    await new Promise((resolve) => { window.setTimeout(resolve, PAUSE_MS); });
    try {
      const answer = await fetch("/api/v1/faces/enrolling", { cache: "no-store" });
      if (answer.status === 401 || answer.status === 403) {
        window.location.reload();
        return;
      }
      if (!answer.ok) continue;
      const told = await answer.json();
      show(told);
      if (told.over) return;
    } catch {
      continue; // asked again in a moment
    }
  }
}

if (byId("progress").dataset.over === "no") follow();
