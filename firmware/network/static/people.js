// Makes the pages of people better where there is script: finds as it is typed, and follows a job. Text only, no markup.
"use strict";

const WAIT_MS = 180;  // after the last letter
const LOOK_MS = 700;
const byId = (id) => document.getElementById(id);

function searching() {
  const form = byId("find");
  if (!form) return;
  const box = byId("text"), list = byId("people-rows"), found = byId("people-found"), pages = byId("people-pages");
  let timer = 0, asked = 0, shown = box.value;

  const say = (text) => {
    let line = byId("people-none");
    if (!line) {
      line = document.createElement("p");
      line.id = "people-none";
      found.prepend(line);
    }
    line.textContent = text;
    line.hidden = !text;
  };

  const show = (told) => {
    list.replaceChildren(...told.rows.map((row) => {
      const item = byId("people-row").content.firstElementChild.cloneNode(true);
      item.querySelector("a").setAttribute("href", row.href);
      for (const part of ["name", "place", "more", "mark"]) item.querySelector("." + part).textContent = row[part];
      return item;
    }));
    say(told.rows.length ? "" : told.none);
    pages.replaceChildren();
    if (told.after) {
      const more = byId("people-more").content.firstElementChild.cloneNode(true);
      more.setAttribute("href", told.after);
      pages.append(more);
    }
  };

  const ask = async () => {
    if (box.value === shown) return;
    const number = ++asked, text = box.value;
    try {
      const answer = await fetch("/people/list", { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const told = answer.ok ? await answer.json() : null;
      if (number !== asked) return;  // a later one is on its way
      shown = text;
      if (told && told.rows) show(told);
      else say(form.dataset.away);
    } catch {
      if (number === asked) say(form.dataset.away);
    }
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
}

function following() {
  const job = byId("job");
  if (!job) return;
  const stage = byId("job-stage"), bar = byId("job-progress"), left = byId("job-left");
  const look = async () => {
    try {
      const answer = await fetch("/people/job/state?id=" + encodeURIComponent(job.dataset.job));
      const told = await answer.json();
      if (told.over) {
        location.reload();
        return;
      }
      if (stage.textContent !== told.stage) stage.textContent = told.stage;
      if (told.total) {
        bar.max = told.total;
        bar.value = told.done;
      } else bar.removeAttribute("value");
      if (left && told.total) left.textContent = left.textContent.replace(/\d+/, Math.max(0, told.total - told.done));
    } catch {
      stage.dataset.lost = "yes";
    }
    setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
}

searching();
following();
