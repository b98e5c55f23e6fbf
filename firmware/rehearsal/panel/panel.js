// The rehearsal's panel: draws the plants from /plan once, follows /live, and sends actions to /act.
"use strict";

const LANGUAGE_KEY = "menshen-rehearsal-language";
const SAID_MS = 4000; // how long a message stays
const STORM_S = 10;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const OTHER = "";

const byId = (id) => document.getElementById(id);
const parts = new Map(); // plant id -> its element
let plan = null;
let state = null;
let language = navigator.language.startsWith("zh") ? "zh" : "en";
try {
  language = localStorage.getItem(LANGUAGE_KEY) || language;
} catch (error) {
  console.warn("the language is not remembered: this browser keeps nothing", error);
}
let cardInHand = null;
let saidTimer = 0;

function say(key, values = {}) {
  const text = plan.texts[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const nameOf = (thing) => (thing.name ? thing.name[language] : thing.id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

const clone = (id) => byId(id).content.firstElementChild.cloneNode(true);

function button(text, deed, className) {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", deed);
  return element;
}

// --- actions ---

async function act(action, saidInstead) {
  let answer;
  try {
    const response = await fetch("/act", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(action),
    });
    answer = await response.json();
  } catch (error) {
    console.warn("the action did not arrive", error);
    show(say("said_unreachable"));
    return;
  }
  show(answer.outcome === "done" && saidInstead ? saidInstead : say(`said_${answer.outcome}`, { why: answer.why ?? "" }));
}

function show(text) {
  const said = byId("said");
  said.textContent = text;
  said.classList.add("shown");
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => said.classList.remove("shown"), SAID_MS);
}

function cardName() {
  const card = plan.layout.card.find((each) => each.id === cardInHand);
  return card ? nameOf(card) : say("card_other");
}

function present(reader) {
  const said = say("said_presented", { card: cardName() });
  if (cardInHand !== OTHER) return act({ do: "card", reader, card: cardInHand }, said);
  const format = byId("other-format").value;
  if (format === "raw") return act({ do: "bits", reader, bits: byId("other-bits").value }, said);
  return act({ do: "fields", reader, format, facility: byId("other-facility").valueAsNumber || 0, number: byId("other-number").valueAsNumber || 0 }, said);
}

// --- drawing once ---

function drawReader(layout) {
  const element = clone("t-reader");
  element.querySelector(".reader-name").textContent = layout.name ? nameOf(layout) : say(`reader_${layout.side}`);
  element.querySelector(".present").addEventListener("click", () => present(layout.id));
  if (layout.keypad !== "none") {
    element.querySelector(".keypad").hidden = false;
    element.querySelector(".type-pin").addEventListener("click", () => act({ do: "keys", reader: layout.id, keys: `${pinInHand()}#` }));
    for (const key of KEYS) element.querySelector(".keys").append(button(key, () => act({ do: "keys", reader: layout.id, keys: key })));
  }
  const chips = element.querySelector(".chips");
  chips.append(button(say("storm"), () => act({ do: "storm", reader: layout.id, seconds: STORM_S })));
  if (layout.tamper) {
    const tamper = button("", () => act({ do: "tamper", reader: layout.id, tampered: !element.classList.contains("tampered") }), "tamper");
    chips.append(tamper);
  }
  parts.set(layout.id, element);
  return element;
}

function drawPortal(layout, template, deeds) {
  const element = clone("t-portal");
  element.querySelector("h2").textContent = nameOf(layout);
  element.querySelector(".drawing").append(clone(template));
  element.querySelector(".deeds").append(...deeds);
  const readers = plan.layout.reader.filter((reader) => reader.at === layout.id);
  element.querySelector(".readers").append(...readers.map(drawReader));
  parts.set(layout.id, element);
  return element;
}

function drawDoor(layout) {
  const door = layout.id;
  const deeds = [button(say("push"), () => act({ do: "push", door }), "main wide")];
  if (layout.rex) deeds.push(button(say("rex"), () => act({ do: "rex", door })));
  if (layout.handle) deeds.push(button(say("leave"), () => act({ do: "leave", door })));
  const hold = button(say("hold"), () => act({ do: "hold", door, held: hold.getAttribute("aria-pressed") !== "true" }), "hold");
  deeds.push(hold, button(say("force"), () => act({ do: "force", door }), "danger"));
  return drawPortal(layout, "t-door", deeds);
}

function drawTurnstile(layout) {
  const turnstile = layout.id;
  return drawPortal(layout, "t-turnstile", [
    button(say("walk_in"), () => act({ do: "walk", turnstile, direction: "in" }), "main"),
    button(say("walk_out"), () => act({ do: "walk", turnstile, direction: "out" }), "main"),
    button(say("force_in"), () => act({ do: "walk", turnstile, direction: "in", force: true }), "danger wide"),
  ]);
}

const PRESS_MS = 400;

function drawSwitches() {
  const element = make("article", "portal");
  element.append(make("h2", "", say("switches")));
  const all = make("div", "switches");
  for (const layout of plan.layout.switch) {
    const one = make("div", "switch");
    const work = (active) => act({ do: "switch", switch: layout.id, active });
    const toggle = button("", () => {
      const active = toggle.getAttribute("aria-pressed") !== "true";
      work(active);
      if (active && layout.kind === "call") window.setTimeout(() => work(false), PRESS_MS); // a finger lets go
    }, "toggle");
    const faults = make("details", "faults");
    faults.append(make("summary", "", say("faults")), make("div", "chips"));
    one.append(toggle, faults);
    all.append(one);
    parts.set(layout.id, one);
  }
  element.append(all);
  return element;
}

function drawCards() {
  const tray = byId("cards");
  tray.replaceChildren();
  for (const card of [...plan.layout.card, { id: OTHER }]) {
    const element = button("", () => takeInHand(card.id), "card");
    element.setAttribute("role", "radio");
    element.dataset.card = card.id;
    const pin = card.pin ? ` · ${say("pin_hint", { pin: card.pin })}` : "";
    element.append(make("b", "", card.id === OTHER ? say("card_other") : nameOf(card)));
    element.append(make("small", "", card.id === OTHER ? "…" : `${card.facility}:${card.number}${pin}`));
    tray.append(element);
  }
  const formats = byId("other-format");
  const chosen = formats.value;
  formats.replaceChildren(...plan.formats.map((format) => new Option(format, format)), new Option(say("raw_bits"), "raw"));
  formats.value = chosen || plan.formats[0];
  byId("other-bits").placeholder = say("bits_hint");
  takeInHand(cardInHand ?? plan.layout.card[0]?.id ?? OTHER);
}

function pinInHand() {
  const card = plan.layout.card.find((each) => each.id === cardInHand);
  return (card && card.pin) || "0000";
}

function takeInHand(id) {
  cardInHand = id;
  for (const element of byId("cards").children) element.setAttribute("aria-checked", String(element.dataset.card === id));
  byId("other").hidden = id !== OTHER;
  for (const element of document.querySelectorAll(".present")) element.textContent = say("present", { card: cardName() });
  for (const element of document.querySelectorAll(".type-pin")) element.textContent = say("type_pin", { pin: pinInHand() });
}

function drawAll() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  parts.clear();
  lanes.clear();
  const loose = plan.layout.reader.filter((reader) => !reader.at).map((reader) => {
    const element = make("article", "portal");
    element.append(make("h2", "", nameOf(reader)), drawReader(reader));
    return element;
  });
  byId("gate").replaceChildren(...plan.layout.door.map(drawDoor), ...plan.layout.turnstile.map(drawTurnstile), ...plan.layout.barrier.map(drawLane), ...loose, drawSwitches());
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  drawCards();
  if (state) follow(state);
}

// --- following ---

function facts(element, rows) {
  const list = element.querySelector(".facts");
  list.replaceChildren();
  for (const [term, value, className] of rows) {
    const row = make("div");
    row.append(make("dt", "", term), make("dd", className, value));
    list.append(row);
  }
}

function faultChips(element, plant) {
  const chips = element.querySelector(".own-faults, :scope > .faults .chips");
  for (const [fault, on] of Object.entries(plant.faults)) {
    let chip = chips.querySelector(`[data-fault="${fault}"]`);
    if (!chip) {
      chip = button(say(`fault_${fault}`), () => act({ do: "fault", plant: plant.id, fault, on: chip.getAttribute("aria-pressed") !== "true" }));
      chip.dataset.fault = fault;
      chips.append(chip);
    }
    chip.setAttribute("aria-pressed", String(on));
  }
}

function toggleAll(element, classes) {
  for (const [name, on] of Object.entries(classes)) element.classList.toggle(name, Boolean(on));
}

function followReader(reader) {
  const element = parts.get(reader.id);
  toggleAll(element, { "lit-green": reader.green, "lit-red": reader.red, buzzing: reader.buzzer, sending: reader.sending, tampered: reader.tampered, storming: reader.storm });
  const words = [];
  if (reader.green) words.push(say("led_green"));
  if (reader.red) words.push(say("led_red"));
  if (!words.length) words.push(say("led_off"));
  if (reader.buzzer) words.push(say("buzzing"));
  if (reader.storm) words.push(say("storming"));
  element.querySelector(".reader-state").textContent = words.join(" · ");
  const tamper = element.querySelector("button.tamper");
  if (tamper) tamper.textContent = say(reader.tampered ? "put_back" : "take_off");
  faultChips(element, reader);
}

function followDoor(door) {
  const element = parts.get(door.id);
  const isOpen = door.leaf !== "closed";
  for (const leaf of ["closed", "opening", "open", "closing"]) element.classList.toggle(`leaf-${leaf}`, leaf === door.leaf);
  toggleAll(element, { released: door.released, pushed: door.pushed });
  const extra = door.held ? ` · ${say("held")}` : door.pushed ? ` · ${say("pushed")}` : "";
  facts(element, [
    [say("lock"), say(door.released ? "released" : "secured"), door.released ? "good" : ""],
    [say("leaf"), say(door.leaf) + extra, ""],
    [say("seen"), say(door.contact_open ? "open" : "closed"), door.contact_open === isOpen || door.leaf === "opening" ? "" : "bad"],
  ]);
  element.querySelector("svg").setAttribute("aria-label", `${say(door.released ? "released" : "secured")}, ${say(door.leaf)}`);
  const hold = element.querySelector("button.hold");
  hold.setAttribute("aria-pressed", String(door.held));
  hold.textContent = say(door.held ? "let_go" : "hold");
  faultChips(element, door);
}

function followTurnstile(turnstile) {
  const element = parts.get(turnstile.id);
  toggleAll(element, { "free-in": turnstile.released_in, "free-out": turnstile.released_out, "arms-dropped": turnstile.dropped });
  const turns = turnstile.passed_in - turnstile.passed_out;
  // Dropped arms hang where they are drawn first: a whole turn of the three.
  element.querySelector(".arms").style.transform = `rotate(${(turnstile.dropped ? Math.round(turns / 3) * 3 : turns) * 120}deg)`;
  const way = (free) => [say(free ? "released" : "secured"), free ? "good" : ""];
  facts(element, [
    [say("way_in"), ...way(turnstile.released_in)],
    [say("way_out"), ...way(turnstile.released_out)],
    [say("arms"), say(turnstile.dropped ? "dropped" : turnstile.turning ? "turning" : "ready"), turnstile.dropped ? "good" : ""],
    [say("passed"), say("passed_count", { in: String(turnstile.passed_in), out: String(turnstile.passed_out) }), ""],
  ]);
  element.querySelector("svg").setAttribute("aria-label", say(turnstile.dropped ? "dropped" : "ready"));
  faultChips(element, turnstile);
}

function followController(controller) {
  byId("controller").classList.toggle("listening", controller.listening);
  byId("controller-word").textContent = say(controller.listening ? "listening" : "silent");
  const cut = byId("cut");
  cut.disabled = !controller.can_cut || controller.cut_asked;
  cut.textContent = say(controller.cut_asked ? "cutting" : controller.can_cut ? "cut_power" : "cut_nobody");
}

function follow(next) {
  state = next;
  followController(state.controller);
  state.plants.readers.forEach(followReader);
  state.plants.doors.forEach(followDoor);
  state.plants.turnstiles.forEach(followTurnstile);
  state.plants.barriers.forEach(followLane);
  for (const each of state.plants.switches) {
    const element = parts.get(each.id);
    const layout = plan.layout.switch.find((one) => one.id === each.id);
    const toggle = element.querySelector(".toggle");
    toggle.setAttribute("aria-pressed", String(each.active));
    toggle.textContent = say(`${layout.kind}_${each.active ? "on" : "off"}`, { name: nameOf(layout) });
    faultChips(element, each);
  }
}

function watch() {
  const live = new EventSource("/live");
  live.onmessage = (message) => {
    byId("lost").hidden = true;
    follow(JSON.parse(message.data));
  };
  live.onerror = () => {
    byId("lost").hidden = false; // EventSource tries again by itself
  };
}

async function start() {
  plan = await (await fetch("/plan")).json();
  byId("language").addEventListener("click", () => {
    language = language === "en" ? "zh" : "en";
    try {
      localStorage.setItem(LANGUAGE_KEY, language);
    } catch (error) {
      console.warn("the language is not remembered: this browser keeps nothing", error);
    }
    drawAll();
  });
  byId("cut").addEventListener("click", () => act({ do: "power_cut" }));
  byId("other-format").addEventListener("change", (event) => {
    const raw = event.target.value === "raw";
    for (const field of document.querySelectorAll(".other .field")) field.hidden = raw;
    document.querySelector(".other .raw").hidden = !raw;
  });
  drawAll();
  watch();
}

start();
