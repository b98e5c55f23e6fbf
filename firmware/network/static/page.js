// Keeps the page as it is now: takes what the server sends and puts it in as text and attributes, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);
const set = (element, name, value) => { if (element.dataset[name] !== value) element.dataset[name] = value; };
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function row(template) {
  return byId(template).content.firstElementChild.cloneNode(true);
}

// Puts one element for each entry into `list`. Nothing is touched when nothing changed, so that a screen reader does
// not read the same again.
function fill(list, entries, template, write) {
  const told = JSON.stringify(entries);
  if (list.told === told) return;
  list.told = told;
  list.replaceChildren(...entries.map((entry) => {
    const element = row(template);
    write(element, entry);
    return element;
  }));
}

const MOVING = ["opening", "closing"];
const SEEN = ["open", "closed", "between", ...MOVING];

// The drawing of a lane. What moves is drawn on its way only by a window that saw it begin; another one draws it
// half-way. False where the lane has other parts than those drawn.
function showLane(element, card) {
  const lane = card.lane;
  if (element.dataset.mover !== lane.mover) return false;
  if (element.dataset.spots !== lane.spots.map((spot) => spot.what).join(" ")) return false;
  if (MOVING.includes(card.position) && element.dataset.position !== card.position) {
    element.style.setProperty("--travel", (lane.travel_ms || 4000) + "ms");
    element.dataset.watched = SEEN.includes(element.dataset.position) ? "yes" : "no";
  }
  element.querySelector(".scene").setAttribute("aria-label", lane.label);
  for (const spot of element.querySelectorAll(".spot")) {
    const now = lane.spots[Number(spot.dataset.spot)];
    spot.dataset.state = now.state;
    spot.dataset.trouble = now.trouble;
  }
  for (const way of ["in", "out"]) {
    element.querySelector(`.head[data-way="${way}"]`).dataset.lamp = lane["lamp_" + way];
    const queue = element.querySelector(`.queue[data-way="${way}"]`);
    queue.dataset.count = lane["waiting_" + way];
    put(queue.querySelector("text"), lane["waiting_" + way]);
  }
  element.querySelector(".arrow").dataset.serving = lane.serving;
  element.querySelector(".beacon").dataset.on = lane.warning;
  element.querySelector(".stopped").dataset.on = lane.stopped;
  fill(element.querySelector(".signs"), lane.signs, "sign-row", (line, sign) => {
    line.className = sign.kind;
    put(line, sign.text);
  });
  fill(element.querySelector(".against ul"), lane.against, "note-row", put);
  fill(element.querySelector(".facts"), lane.facts, "about-row", (line, [label, value]) => {
    put(line.querySelector("dt"), label);
    put(line.querySelector("dd"), value);
  });
  return true;
}

function showCard(card) {
  const element = byId("portal-" + card.id);
  if (element === null || element.classList.contains("lane") !== (card.lane !== null)) return false;
  if (card.lane !== null && !showLane(element, card)) return false;
  for (const name of ["kind", "mode", "position", "level"]) {
    if (element.dataset[name] !== card[name]) element.dataset[name] = card[name];
  }
  put(element.querySelector(".name"), card.name);
  put(element.querySelector(".mode"), card.mode_text);
  put(element.querySelector(".position"), card.position_text);
  put(element.querySelector(".until"), card.hold);
  fill(element.querySelector(".notes"), card.notes, "note-row", (line, note) => put(line, note));
  return true;
}

// Whoever calls at an entrance: a row is made once, so that a finger on its way to a button finds it there.
function showCalls(calls) {
  const list = byId("call-rows");
  const known = new Map(Array.from(list.children, (element) => [element.dataset.call, element]));
  const rows = calls.map((call) => {
    const element = known.get(call.id) || row("call-row");
    element.dataset.call = call.id;
    element.className = "call " + call.state;
    for (const name of ["place", "text", "since", "advice"]) put(element.querySelector("." + name), call[name]);
    const open = element.querySelector(".open");
    if (open === null) return element;
    open.href = "/act/open?portal=" + encodeURIComponent(call.portal);
    for (const field of element.querySelectorAll("input[name=access_point]")) field.value = call.id;
    const answer = element.querySelector(".answer");
    put(answer, call.act);
    answer.setAttribute("aria-label", call.act_label);
    answer.form.hidden = call.by !== "" && call.by === document.body.dataset.person;  // nobody takes over from themselves
    element.querySelector(".end").setAttribute("aria-label", call.end_label);
    return element;
  });
  for (const element of Array.from(list.children)) if (!rows.includes(element)) element.remove();
  rows.forEach((element, place) => {
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] || null);
  });
}

const MARKS = { ok: "", lost: "✕", muted: "!", enrolling: "+", unknown: "?" };

// The plan: what it shows of portals is what their cards show; of the rest, what the plan's own part says.
function showPlan(view) {
  const plan = document.querySelector(".plan");
  if (plan === null) return;
  const cards = new Map(view.cards.map((card) => [card.id, card]));
  for (const element of plan.querySelectorAll("[data-plan]")) {
    const card = cards.get(element.dataset.plan);
    if (card === undefined) continue;
    for (const name of ["mode", "position", "level"]) set(element, name, card[name]);
    put(element.querySelector(".plan-name"), card.name);
    put(element.querySelector(".plan-position"), card.position_text);
    put(element.querySelector(".plan-mode"), card.mode_text);
    if (card.lane === null) continue;
    const spots = new Map(card.lane.spots.map((spot) => [spot.id, spot]));
    for (const spot of element.querySelectorAll(".spot")) {
      const now = spots.get(spot.dataset.spotId);
      set(spot, "state", now ? now.state : "unknown");
      set(spot, "trouble", now ? now.trouble : "no");
    }
    for (const head of element.querySelectorAll(".head")) set(head, "lamp", card.lane["lamp_" + head.dataset.way]);
  }
  for (const element of plan.querySelectorAll("[data-device]")) {
    const state = view.plan.devices[element.dataset.device] || "unknown";
    set(element, "state", state);
    put(element.querySelector(".mark"), MARKS[state]);
  }
  for (const element of plan.querySelectorAll("[data-bell]")) set(element, "state", view.plan.calls[element.dataset.bell] || "unknown");
  for (const element of plan.querySelectorAll("[data-area]")) put(element, view.plan.areas[element.dataset.area]);
}

function showView(view) {
  document.title = view.title;
  document.body.dataset.live = view.live ? "yes" : "no";
  put(byId("live-text"), view.live_text);
  fill(byId("banners"), view.banners, "banner-row", (element, banner) => {
    element.classList.add(banner.kind);
    put(element.querySelector("h2"), banner.text);
    put(element.querySelector("p"), banner.advice);
  });
  fill(byId("alarms"), view.alarms, "alarm-row", (element, alarm) => {
    element.classList.add(alarm.severity);
    if (alarm.seen) element.classList.add("seen");
    put(element.querySelector(".place"), alarm.place);
    put(element.querySelector(".text"), alarm.text);
    put(element.querySelector(".badge"), alarm.seen);
    put(element.querySelector(".advice"), alarm.advice);
    const seen = element.querySelector(".acts");
    if (seen === null) return;
    if (alarm.subject) seen.firstElementChild.href = "/act/acknowledge?subject=" + encodeURIComponent(alarm.subject);
    else seen.remove();
  });
  put(byId("no-alarms"), view.no_alarms_text);
  put(byId("events-trouble"), view.events_trouble);
  fill(byId("about"), view.about, "about-row", (element, [label, value]) => {
    put(element.querySelector("dt"), label);
    put(element.querySelector("dd"), value);
  });
  showCalls(view.calls);
  showPlan(view);
  const shown = byId("cards").children.length;
  const all = view.cards.map(showCard).every(Boolean);
  // Other portals than before: the controller has another configuration, and the page is made anew by the server.
  if (!all || shown !== view.cards.length) window.location.reload();
}

// What this person asked: only the lines that changed are written, so that a screen reader says no more than is new.
function showAsked(rows) {
  const list = byId("asked-rows");
  const known = new Map(Array.from(list.children, (element) => [element.dataset.number, element]));
  const elements = rows.map((entry) => {
    const element = known.get(entry.number) || row("ask-row");
    element.dataset.number = entry.number;
    element.className = "ask " + entry.fate;
    put(element.querySelector(".act"), entry.what);
    put(element.querySelector(".place"), entry.place);
    put(element.querySelector(".fate"), entry.said);
    put(element.querySelector(".advice"), entry.advice);
    put(element.querySelector(".proof .text"), entry.proof);
    return element;
  });
  for (const element of Array.from(list.children)) {
    if (!elements.includes(element)) element.remove();
  }
  elements.forEach((element, place) => {
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] || null);
  });
}

function showEvents(rows) {
  const list = byId("events");
  const known = new Set(Array.from(list.children, (element) => element.dataset.key));
  const wanted = new Set(rows.map((entry) => entry.key));
  for (const element of Array.from(list.children)) {
    if (!wanted.has(element.dataset.key)) element.remove();
  }
  const fresh = rows.filter((entry) => !known.has(entry.key)).map((entry) => {
    const element = row("event-row");
    element.dataset.key = entry.key;
    element.classList.add(entry.severity, "new");
    const time = element.querySelector("time");
    put(time, entry.at);
    if (entry.at_iso) time.dateTime = entry.at_iso;
    put(element.querySelector(".text"), entry.text);
    put(element.querySelector(".place"), entry.place);
    put(element.querySelector(".note"), entry.note);
    return element;
  });
  list.prepend(...fresh);
  byId("no-events").hidden = rows.length > 0;
}

function showLost(template) {
  const [text, advice] = byId(template).content.querySelectorAll("p");
  put(byId("lost-text"), text.textContent);
  put(byId("lost-advice"), advice.textContent);
  byId("lost").hidden = false;
  document.body.dataset.live = "no";
  put(byId("live-text"), text.textContent);
}

const SHOW = { view: showView, asked: showAsked, events: showEvents, beat: () => {} };

follow("/api/v1/stream", ["view", "asked", "events"], (name, data) => {
  byId("lost").hidden = true;
  SHOW[name](name === "beat" ? null : JSON.parse(data));
}, (why) => showLost(why === "full" ? "page-full" : "page-lost"));
