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

  const item = (row) => {
    const made = byId("people-row").content.firstElementChild.cloneNode(true);
    made.querySelector("a").setAttribute("href", "/people/holder?id=" + encodeURIComponent(row.id));
    const texts = {
      name: row.name || row.id,
      place: row.label || row.household,
      more: [row.relation, row.phone_end && "…" + row.phone_end].filter(Boolean).join(" · "),
      mark: row.mark_text,
    };
    for (const [part, text] of Object.entries(texts)) made.querySelector("." + part).textContent = text;
    return made;
  };

  const show = (told, text, first) => {
    const items = told.people.map(item);
    if (first) list.replaceChildren(...items);
    else {
      list.append(...items);
      if (items.length) items[0].querySelector("a").focus();
    }
    say(list.children.length ? "" : form.dataset.none);
    pages.replaceChildren();
    if (told.after !== null) {
      const more = byId("people-more").content.firstElementChild.cloneNode(true);
      more.addEventListener("click", () => ask(text, told.after));
      pages.append(more);
    }
  };

  // What is sought is told in the body, never in an address.
  const ask = async (text, after) => {
    const number = ++asked;
    try {
      const answer = await fetch("/api/v1/people/search", {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": form.elements.token.value },
        body: JSON.stringify({ text, after }),
      });
      const told = answer.ok ? await answer.json() : null;
      if (number !== asked) return;  // a later one is on its way
      shown = text;
      if (told) show(told, text, after === 0);
      else say(form.dataset.away);
    } catch {
      if (number === asked) say(form.dataset.away);
    }
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => box.value !== shown && ask(box.value, 0), WAIT_MS);
  });
}

function following() {
  const job = byId("job");
  if (!job) return;
  const stage = byId("job-stage"), bar = byId("job-progress"), left = byId("job-left");
  const look = async () => {
    try {
      const answer = await fetch("/api/v1/jobs/" + encodeURIComponent(job.dataset.job));
      if (answer.status >= 500) throw new Error(answer.statusText);  // nobody answers now: it may be working all the same
      const told = answer.ok ? await answer.json() : { over: true };
      if (told.over) {
        location.reload();
        return;
      }
      delete stage.dataset.lost;
      if (stage.textContent !== told.stage_text) stage.textContent = told.stage_text;
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
