// The rehearsal's panel, vehicle lanes: drawn from the side, with who is in it; moved between two states by their speed.
// Loaded before panel.js, whose functions (say, act, make, button, parts ...) it uses when called.
"use strict";

const UNIT_MM = 50; // one unit of the drawing
const GROUND = 100; // the road's height in the drawing
const BOLLARD_LARGER = 1.5; // drawn higher than they are, to be seen on a phone
const BALL_S = 25; // longer than a beam may be blocked before the controller complains
const TAILGATE_MM = 1000;
const SVG = "http://www.w3.org/2000/svg";
const MANNERS = ["careful", "careless"]; // else a place to stop at, or "step:" and a place to be put at

// Silhouettes in decimetres, front at 0, looking to the right; wheels are [x, radius].
const SHAPES = {
  car: { path: "M-44.5-3v-5q0-1.6 2.2-2.1l7-.9 5.8-4q.9-.5 2-.5h11q1.6 0 3 1l5.2 3.9 6.3 1.6q2 .5 2 2.6V-3q0 1-1 1h-42.5q-1 0-1-1z", glass: "M-33.5-11l4.5-3h6v3zm12-3h4.5q1 0 1.8.6l3 2.4h-9.3z", wheels: [[-36, 3.2], [-9, 3.2]] },
  trailer: { path: "M-54-4.4h9v-.8h-9v-10.8h-32v13h32z", wheels: [[-71, 3]] },
  truck: { path: "M-23-3v-27h15q2 0 2.6 2l4.4 13q1 2 1 4v8zM-85-4v-32h61v32z", glass: "M-17-27h8l4 11h-12z", wheels: [[-10, 4.5], [-62, 4.5], [-74, 4.5]] },
  truck_high_bed: { path: "M-23-3v-27h15q2 0 2.6 2l4.4 13q1 2 1 4v8zM-120-12v-26h96v26zM-106-4h26v-8h-26z", glass: "M-17-27h8l4 11h-12z", wheels: [[-10, 4.5], [-86, 5], [-99, 5]] },
  motorcycle: { path: "M-19-4l4-5h5l2-1.5h3l4 7h-2l-3.5-5-4 4h-6z", wheels: [[-17.5, 3.3], [-3.5, 3.3]], rider: -11 },
  e_bike: { path: "M-14-3.5l3-5h6l2 5h-1l-2-4h-4l-2.5 4z", wheels: [[-14, 3.2], [-3.5, 3.2]], rider: -10 },
  adult: { path: "M-3.6 0l.9-8.4h1.8l.9 8.4h-1.3l-.5-5.2-.5 5.2zM-3.7-8.2v-4.6q0-1.7 1.9-1.7t1.9 1.7v4.6zM-1.8-17.9a1.5 1.5 0 1 1-.01 0z" },
  child: { path: "M-2.9 0l.7-4.8h1.4l.7 4.8h-1l-.4-3-.4 3zM-3-4.6v-3q0-1.3 1.5-1.3t1.5 1.3v3zM-1.5-11.6a1.3 1.3 0 1 1-.01 0z" },
  pram: { path: "M-8.5-3l-.7-5.2 4-2.3q3.2 0 4.7 4.5L-2.2-3zM-9.2-8.2l-2.3-2M-14 0l.9-8.4h1.8l.9 8.4h-1.3l-.5-5.2-.5 5.2zM-14.1-8.2v-4.6q0-1.7 1.9-1.7t1.9 1.7v4.6zM-12.2-17.9a1.5 1.5 0 1 1-.01 0z", wheels: [[-7.5, 1.5], [-2.5, 1.5]] },
  dog: { path: "M-8-4.5q0-1 2-1h3l1.5-1.2 1.2 0L0-3.9l-1.5.4-.5 1V0h-.8v-2h-3.4v2H-7v-2.5l-.7-.7L-8.5-5z" },
};
SHAPES.car_trailer = { ...SHAPES.car, more: SHAPES.trailer };
SHAPES.bicycle = SHAPES.carbon_bicycle = SHAPES.e_bike;

const lanes = new Map(); // barrier id -> what is drawn of it
let animating = 0;

function svg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const there = (key, otherwise) => plan.texts[language][key] ?? otherwise;
const detectorName = (id) => there(`det_${id}`, id);

function wireName(id) {
  const [, base, number] = id.match(/^(.*?)(?:_(\d+))?$/);
  const name = there(`wire_${base}`, null) ?? there(`key_${base}`, null) ?? there(`lamp_${base}`, null) ?? detectorName(base);
  return number ? `${name} ${number}` : name;
}

// --- drawing once ---

function drawScene(layout) {
  const half = Math.max(3000, ...layout.loop.flatMap((loop) => loop.zone_mm.map(Math.abs))) + 3200;
  const x = (mm) => (mm + half) / UNIT_MM;
  const width = (2 * half) / UNIT_MM;
  const scene = svg("svg", { viewBox: `0 0 ${width} 136`, class: "lane-svg", role: "img" });
  scene.append(svg("rect", { class: "road", x: -width, y: GROUND, width: 3 * width, height: 36 }));
  const loops = {};
  for (const loop of layout.loop) {
    const [from, to] = loop.zone_mm.map(x);
    loops[loop.id] = svg("rect", { class: "loop", x: from, y: GROUND + 4, width: to - from, height: 7, rx: 2 });
    const label = svg("text", { class: "loop-name", x: (from + to) / 2, y: GROUND + 26 });
    label.textContent = detectorName(loop.id);
    scene.append(loops[loop.id], label);
  }
  const lamps = drawLamps(scene, layout, x);
  const behind = drawMover(scene, layout, x(0) + 6, -5, "far");
  const bodies = svg("g");
  scene.append(bodies);
  const front = drawMover(scene, layout, x(0), 0, "near");
  const beams = {};
  for (const beam of layout.photocell) {
    const [cx, cy] = [x(beam.at_mm), GROUND - beam.height_mm / UNIT_MM];
    const spot = svg("g", { class: "beam" });
    spot.append(svg("circle", { class: "halo", cx, cy, r: 6 }), svg("circle", { class: "spot", cx, cy, r: 2.6 }), svg("circle", { class: "ball", cx: cx - 7, cy: GROUND - 5, r: 5 }));
    beams[beam.id] = spot;
    scene.append(spot);
  }
  return { scene, x, loops, lamps, beams, bodies, drawn: new Map(), movers: [...behind, ...front] };
}

function drawLamps(scene, layout, x) {
  const lamps = {};
  for (const [way, at] of [["in", x(-2300)], ["out", x(2300)]]) {
    const colours = ["red", "green"].filter((colour) => layout.lamps[`${colour}_${way}`]);
    if (!colours.length) continue;
    scene.append(svg("path", { class: "pole", d: `M${at} ${GROUND}v-44` }), svg("rect", { class: "lamp-case", x: at - 6, y: 34, width: 12, height: 24, rx: 4 }));
    colours.forEach((colour) => {
      lamps[`${colour}_${way}`] = svg("circle", { class: `signal ${colour}`, cx: at, cy: colour === "red" ? 40.5 : 51.5, r: 4 });
      scene.append(lamps[`${colour}_${way}`]);
    });
  }
  if (layout.lamps.warning || layout.lamps.sounder) {
    const at = x(0) + 16;
    scene.append(svg("path", { class: "pole", d: `M${at} ${GROUND - 4}v-36` }));
    lamps.warning = svg("path", { class: "signal amber", d: `M${at - 5} ${GROUND - 40}v-4a5 5 0 0 1 10 0v4z` });
    lamps.sounder = svg("path", { class: "sound", d: `M${at + 8} ${GROUND - 49}q4 6 0 12m4-15q6 9 0 18` });
    scene.append(lamps.warning, lamps.sounder);
  }
  return lamps;
}

function drawMover(scene, layout, at, down, place) {
  // What is seen of it at a position from 0 (open) to 1 (closed): functions that move it.
  const ground = GROUND + down;
  if (layout.mover === "boom") {
    if (place === "far") return [];
    const top = ground - layout.height_mm / UNIT_MM;
    const arm = svg("path", { class: "arm-boom", d: `M${at} ${top}h-46` });
    scene.append(svg("rect", { class: "post-boom", x: at - 5, y: top - 3, width: 10, height: ground - top + 3, rx: 3 }), arm);
    return [(position) => arm.setAttribute("transform", `rotate(${90 * (1 - position)} ${at} ${top})`)];
  }
  if (layout.mover !== "bollard") {
    if (place === "far") return [];
    const leaf = svg("path", { class: "leaf-gate", d: `M${at - 3} ${ground}v-34h6v34z` });
    scene.append(leaf);
    return [(position) => leaf.setAttribute("opacity", 0.12 + 0.88 * position)];
  }
  if (place === "far" && layout.units < 2) return [];
  const high = (layout.height_mm / UNIT_MM) * BOLLARD_LARGER;
  const clip = `clip-${layout.id}-${place}`;
  const window_ = svg("clipPath", { id: clip });
  window_.append(svg("rect", { x: at - 9, y: 0, width: 18, height: ground }));
  const outer = svg("g", { "clip-path": `url(#${clip})` });
  const pile = svg("g", { class: `pile ${place}` });
  pile.append(svg("rect", { class: "pile-body", x: at - 4.5, y: ground - high, width: 9, height: high + 2, rx: 2.5 }), svg("rect", { class: "pile-band", x: at - 4.5, y: ground - high + 3.5, width: 9, height: 4 }));
  outer.append(pile);
  scene.append(window_, outer, svg("ellipse", { class: "pile-rim", cx: at, cy: ground, rx: 6.5, ry: 1.6 }));
  return [(position) => pile.setAttribute("transform", `translate(0 ${high * (1 - position) + (position > 0 ? 0 : 1)})`)];
}

function drawBody(body) {
  const group = svg("g", { class: `body tint${body.id % 5}` });
  const side = body.direction === "in" ? 1 : -1;
  const shape = svg("g", { transform: `scale(${2 * side} 2)` });
  const parts_ = SHAPES[body.kind] ?? SHAPES.car;
  for (const each of [parts_, parts_.more]) {
    if (!each) continue;
    shape.append(svg("path", { class: "shell", d: each.path }));
    if (each.glass) shape.append(svg("path", { class: "glass", d: each.glass }));
    for (const [cx, r] of each.wheels ?? []) shape.append(svg("circle", { class: "wheel", cx, cy: -r, r }));
    if (each.rider) shape.append(svg("path", { class: "shell", d: `M${each.rider} -8l1-6q2-1.5 3 0l2 3-.8.6-2-2-.7 3.5 1.5 3.5h-1.5l-1.5-2.5zM${each.rider + 2.5}-16.8a1.5 1.5 0 1 1-.01 0z` }));
  }
  group.append(shape);
  group.addEventListener("click", () => choose(body.barrier, body.id));
  return group;
}

function drawLane(layout) {
  const element = clone("t-lane");
  element.querySelector("h2").textContent = nameOf(layout);
  const lane = { layout, element, chosen: null, state: null, at_ms: 0, ...drawScene(layout) };
  element.querySelector(".drawing").append(lane.scene);
  drawArrivals(lane);
  drawKeys(lane);
  drawWires(lane);
  element.querySelector(".readers").append(...plan.layout.reader.filter((reader) => reader.at === layout.id).map(drawReader));
  for (const deed of ["stop", "go", "reverse", "remove"]) {
    element.querySelector(".moves").append(button(say(`body_${deed}`), () => act({ do: "body", barrier: layout.id, body: lane.chosen, deed }), deed === "go" ? "main" : ""));
  }
  lanes.set(layout.id, lane);
  parts.set(layout.id, element);
  return element;
}

function labelled(key, field) {
  const label = make("label", "field-label");
  label.append(make("span", "", say(key)), field);
  return label;
}

function drawArrivals(lane) {
  const { layout, element } = lane;
  const kind = make("select");
  kind.append(...Object.keys(plan.lane.kinds).map((each) => new Option(there(`kind_${each}`, each), each)));
  const manner = make("select");
  manner.append(...MANNERS.map((each) => new Option(say(`manner_${each}`), each)));
  const places = [...layout.loop, ...layout.photocell].map((each) => each.id);
  manner.append(...places.map((at) => new Option(say("manner_stop", { at: detectorName(at) }), at)));
  manner.append(...["barrier", ...places].map((at) => new Option(say("manner_step", { at: detectorName(at) }), `step:${at}`)));
  const plate = make("input");
  plate.maxLength = 16;
  plate.placeholder = say("plate_any");
  plate.autocomplete = "off";
  plate.spellcheck = false;
  const offered = make("div", "plates");
  offered.append(...plan.layout.plate.map((each) => button(`${nameOf(each)} · ${each.text}`, () => {
    plate.value = plate.value === each.text ? "" : each.text;
  })));
  const arrive = (direction) => {
    const chosen = manner.value;
    const stop_at = MANNERS.includes(chosen) ? null : chosen.replace("step:", "");
    return act({ do: "arrive", barrier: layout.id, kind: kind.value, direction, stop_at, careful: chosen === "careful", placed: chosen.startsWith("step:"), plate: plate.value.trim() || null });
  };
  const tailgate = () => {
    const last = lane.state?.bodies.at(-1);
    if (!last) return show(say("nobody_there"));
    return act({ do: "arrive", barrier: layout.id, kind: kind.value, direction: last.direction, behind: last.id, gap_mm: TAILGATE_MM });
  };
  element.querySelector(".arrivals").append(
    labelled("who", kind), labelled("how", manner), labelled("plate", plate), offered,
    button(say("come_in"), () => arrive("in"), "main"), button(say("come_out"), () => arrive("out"), "main"),
    button(say("tailgate"), tailgate), button(say("clear_lane"), () => act({ do: "clear_lane", barrier: layout.id })),
  );
  for (const beam of layout.photocell) {
    const ball = button(say("ball", { beam: detectorName(beam.id) }), () => act({ do: "ball", barrier: layout.id, beam: beam.id, seconds: ball.getAttribute("aria-pressed") === "true" ? 0 : BALL_S }), "ball-deed wide");
    ball.dataset.beam = beam.id;
    element.querySelector(".arrivals").append(ball);
  }
}

function drawKeys(lane) {
  for (const [key, wire] of Object.entries(lane.layout.keys)) {
    if (!wire && key !== "mains") continue;
    const press = (on) => act({ do: "key", barrier: lane.layout.id, key, on }, say(on ? "key_is_on" : "key_is_off", { key: say(`key_${key}`) }));
    const held = plan.lane.springs_back.includes(key);
    const one = held ? holdButton(say(`key_${key}`), press) : button(say(`key_${key}`), () => press(one.getAttribute("aria-pressed") !== "true"));
    one.dataset.key = key;
    if (key === "stop") one.classList.add("danger");
    lane.element.querySelector(held ? ".held-keys" : ".keys-and-states").append(one);
  }
}

function holdButton(text, press) {
  // Pressed as long as a finger, or the space bar, is on it.
  const element = button(text, () => {}, "hold-to-run");
  let down = false;
  const set = (on) => {
    if (down === on) return;
    down = on;
    press(on);
  };
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    set(true);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) element.addEventListener(end, () => set(false));
  element.addEventListener("keydown", (event) => event.code === "Space" && set(true));
  element.addEventListener("keyup", (event) => event.code === "Space" && set(false));
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  return element;
}

function drawWires(lane) {
  const barrier = lane.layout.id;
  const every = plan.lane.wires[barrier];
  const wire = make("select");
  wire.append(...Object.keys(every).map((each) => new Option(wireName(each), each)));
  const wrong = make("select");
  const kinds = () => wrong.replaceChildren(...(every[wire.value] ? ["open", "short", "inverted", "stuck"] : ["open"]).map((each) => new Option(say(`wrong_${each}`), each)));
  wire.addEventListener("change", kinds);
  kinds();
  lane.element.querySelector(".wire-fields").append(
    labelled("wire", wire), labelled("wrong", wrong),
    button(say("spoil"), () => act({ do: "wire", barrier, wire: wire.value, wrong: wrong.value }), "danger wide"),
  );
}

// --- following ---

function choose(barrier, id) {
  const lane = lanes.get(barrier);
  lane.chosen = id;
  followBodies(lane, lane.state);
}

function followLane(state) {
  const lane = lanes.get(state.id);
  lane.state = state;
  lane.at_ms = performance.now();
  for (const each of state.detectors) {
    const drawn = lane.loops[each.id] ?? lane.beams[each.id];
    if (drawn) toggleAll(drawn, { told: each.told, wrong: each.told !== each.there, "with-ball": state.balls[each.id] });
  }
  for (const [name, lamp] of Object.entries(lane.lamps)) lamp.classList.toggle("lit", Boolean(state.lamps[name]));
  for (const ball of lane.element.querySelectorAll(".ball-deed")) ball.setAttribute("aria-pressed", String(state.balls[ball.dataset.beam]));
  for (const key of lane.element.querySelectorAll("[data-key]")) key.setAttribute("aria-pressed", String(state.keys[key.dataset.key] ?? false));
  lane.scene.setAttribute("aria-label", `${mood(state)[0]}, ${say("in_lane", { count: String(state.bodies.length) })}`);
  laneFacts(lane, state);
  followBodies(lane, state);
  followSpoilt(lane, state);
  faultChips(lane.element, state);
  detectorChips(lane, state);
  animate();
}

function mood(state) {
  const { speed, strained } = state.drives.find((drive) => drive.speed !== 0) ?? state.drives[0];
  const share = `${Math.round(state.position * 100)} %`;
  if (strained) return [`${say("strains")} · ${share}`, "bad"];
  if (speed > 0) return [say("is_closing"), "bad"];
  if (speed < 0) return [say("is_opening"), ""];
  if (state.drives.every((drive) => drive.opened)) return [say("stands_open"), "good"];
  if (state.drives.every((drive) => drive.closed)) return [say("stands_closed"), ""];
  return [`${say("stands_between")} · ${share}`, "bad"];
}

function laneFacts(lane, state) {
  const lit = Object.entries(state.lamps).filter(([, on]) => on).map(([name]) => say(`lamp_${name}`));
  const told = state.detectors.filter((each) => each.told).map((each) => detectorName(each.id));
  const harm = ["strikes", "crashes", "wrecks"].filter((each) => state[each]).map((each) => say(each, { count: String(state[each]) }));
  facts(lane.element, [
    [say("barrier"), ...mood(state)],
    [say("passed"), say("passed_count", { in: String(state.passed_in), out: String(state.passed_out) }), ""],
    [say("lamps"), lit.join(" · ") || say("none"), ""],
    [say("detectors"), told.join(" · ") || say("none"), ""],
    [say("harm"), harm.join(" · ") || say("no_harm"), harm.length ? "bad" : "good"],
  ]);
}

function followBodies(lane, state) {
  const present = new Set(state.bodies.map((body) => body.id));
  for (const [id, group] of lane.drawn) {
    if (present.has(id)) continue;
    group.remove();
    lane.drawn.delete(id);
  }
  for (const body of state.bodies) {
    if (lane.drawn.has(body.id)) continue;
    const group = drawBody({ ...body, barrier: state.id });
    lane.drawn.set(body.id, group);
    lane.bodies.append(group);
    lane.chosen = body.id; // the newest is in hand
  }
  if (!present.has(lane.chosen)) lane.chosen = state.bodies.at(-1)?.id ?? null;
  for (const [id, group] of lane.drawn) group.classList.toggle("chosen", id === lane.chosen && state.bodies.length > 1);
  lane.element.querySelector(".moving").hidden = lane.chosen === null;
  const list = lane.element.querySelector(".present-bodies");
  const chips = state.bodies.map((body) => {
    const doing = body.waits ? "waits" : body.speed_mm_s === 0 ? "stands" : "moves";
    const chip = button(`${there(`kind_${body.kind}`, body.kind)} ${body.plate && `${body.plate} `}${body.direction === "in" ? "→" : "←"} ${say(doing)}`, () => choose(state.id, body.id));
    chip.setAttribute("aria-pressed", String(body.id === lane.chosen));
    return chip;
  });
  if (chips.map((chip) => chip.textContent + chip.getAttribute("aria-pressed")).join() !== lane.chips) {
    lane.chips = chips.map((chip) => chip.textContent + chip.getAttribute("aria-pressed")).join();
    list.replaceChildren(...chips);
  }
}

function followSpoilt(lane, state) {
  const list = lane.element.querySelector(".spoilt");
  const said = JSON.stringify(state.wires) + language;
  if (list.dataset.said === said) return;
  list.dataset.said = said;
  list.replaceChildren(...Object.entries(state.wires).map(([wire, wrong]) => {
    const chip = button(say("mend", { wire: wireName(wire), wrong: say(`wrong_${wrong}`) }), () => act({ do: "wire", barrier: state.id, wire, wrong: "" }));
    chip.setAttribute("aria-pressed", "true");
    return chip;
  }));
}

function detectorChips(lane, state) {
  const chips = lane.element.querySelector(".detector-chips");
  for (const detector of state.detectors) {
    for (const fault of plan.lane.detector_faults[detector.kind]) {
      const name = `${detector.id}_${fault}`;
      let chip = chips.querySelector(`[data-fault="${name}"]`);
      if (!chip) {
        chip = button(`${detectorName(detector.id)}: ${say(`sense_${fault}`)}`, () => act({ do: "fault", plant: state.id, fault: name, on: chip.getAttribute("aria-pressed") !== "true" }));
        chip.dataset.fault = name;
        chips.append(chip);
      }
      chip.setAttribute("aria-pressed", String(detector.fault === fault));
    }
  }
}

// --- moving between two states ---

function animate() {
  cancelAnimationFrame(animating);
  let moving = false;
  const now_ms = performance.now();
  for (const lane of lanes.values()) {
    if (!lane.state || !lane.element.isConnected) continue;
    const past_s = (now_ms - lane.at_ms) / 1000;
    for (const body of lane.state.bodies) {
      const front_mm = body.front_mm + body.speed_mm_s * past_s;
      lane.drawn.get(body.id)?.setAttribute("transform", `translate(${lane.x(front_mm).toFixed(2)} ${GROUND})`);
      moving ||= body.speed_mm_s !== 0;
    }
    const worst = lane.state.drives.reduce((one, other) => (other.position > one.position ? other : one));
    const position = Math.min(1, Math.max(0, worst.position + worst.speed * past_s));
    for (const move of lane.movers) move(position);
    moving ||= worst.speed !== 0;
  }
  if (moving) animating = requestAnimationFrame(animate);
}
