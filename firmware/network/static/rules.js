// The week that one paints: a grid of quarters of an hour over the lines of the form, which say the same and are what
// is sent. Lines are read and written by the same rules as firmware/roster/weekly.py; a test compares the two.
"use strict";

const DAYS = 7;
const DAY_MINUTES = 1440;
const QUARTER = 15;
const QUARTERS = DAY_MINUTES / QUARTER;
const SPANS_MAX = 40;
const UNDO_MAX = 50;
const EDGE_PX = 60; // so near to an edge of the window a stroke scrolls
const LYING = "(min-width: 900px)";

// -- lines and windows -------------------------------------------------------------------------------------------------

const SPAN = /^([0-9]{1,2})(?:[:：.]([0-9]{2}))?\s*[-–—−~～至到]\s*([0-9]{1,2})(?:[:：.]([0-9]{2}))?$/;

function minuteOf(hour, minute) {
  const total = Number(hour) * 60 + Number(minute || 0);
  return Number(minute || 0) < 60 && total <= DAY_MINUTES ? total : null;
}

function spanOf(piece) {
  const small = piece.toLowerCase();
  if (small === "24h" || small === "全天") return [0, DAY_MINUTES];
  const found = SPAN.exec(piece);
  if (found === null) return null;
  const start = minuteOf(found[1], found[2]);
  const end = minuteOf(found[3], found[4]);
  if (start === null || end === null || start === DAY_MINUTES || start === end) return null;
  return [start, end === 0 ? DAY_MINUTES : end];
}

// Seven lines as windows by day; where a line is none: {bad: its day}.
function readWeek(lines) {
  const week = lines.map(() => []);
  for (let day = 0; day < DAYS; day++) {
    const pieces = lines[day].split(/[,;，；、\n]+/).map((one) => one.trim()).filter((one) => one !== "");
    if (pieces.length > SPANS_MAX) return {bad: day};
    if (pieces.length === 1 && ["closed", "never", "关闭", "不开放"].includes(pieces[0].toLowerCase())) continue;
    for (const piece of pieces) {
      const span = spanOf(piece);
      if (span === null) return {bad: day};
      if (span[1] > span[0]) {
        week[day].push(span);
      } else {
        week[day].push([span[0], DAY_MINUTES]);
        week[(day + 1) % DAYS].push([0, span[1]]);
      }
    }
  }
  for (let day = 0; day < DAYS; day++) {
    week[day].sort((one, other) => one[0] - other[0]);
    for (let n = 1; n < week[day].length; n++) if (week[day][n][0] < week[day][n - 1][1]) return {bad: day};
  }
  return {week};
}

function clock(minute) {
  return String(Math.floor(minute / 60)).padStart(2, "0") + ":" + String(minute % 60).padStart(2, "0");
}

function weekLines(week) {
  const nights = new Map();
  week.forEach((windows, day) => {
    const after = week[(day + 1) % DAYS];
    if (windows.length === 0 || after.length === 0) return;
    const last = windows[windows.length - 1];
    if (last[1] === DAY_MINUTES && after[0][0] === 0 && after[0][1] < last[0]) nights.set(day, after[0][1]);
  });
  return week.map((windows, day) => {
    const own = nights.has((day + DAYS - 1) % DAYS) ? windows.slice(1) : windows;
    return own.map((window, n) => {
      const end = n === own.length - 1 && nights.has(day) ? nights.get(day) : window[1];
      return clock(window[0]) + "-" + clock(end);
    }).join(", ");
  });
}

// The same windows with the minutes from `start` to `end` open or closed.
function painted(windows, start, end, open) {
  const pieces = [];
  for (const [from, to] of windows) {
    if (from < start) pieces.push([from, Math.min(to, start)]);
    if (to > end) pieces.push([Math.max(from, end), to]);
  }
  if (open) pieces.push([start, end]);
  pieces.sort((one, other) => one[0] - other[0]);
  const made = [];
  for (const piece of pieces) {
    const last = made[made.length - 1];
    if (last !== undefined && piece[0] <= last[1] && (open || last[1] !== piece[0])) last[1] = Math.max(last[1], piece[1]);
    else made.push([...piece]);
  }
  return made;
}

function inside(windows, quarter) {
  const start = quarter * QUARTER;
  let minutes = 0;
  for (const [from, to] of windows) minutes += Math.max(0, Math.min(to, start + QUARTER) - Math.max(from, start));
  return minutes;
}

// The windows of before that had an edge within a quarter which the week has no more.
function finerLost(before, after) {
  const lost = [];
  before.forEach((windows, day) => {
    const edges = new Set(after[day].flat());
    for (const window of windows) {
      if (window.some((edge) => edge % QUARTER !== 0 && !edges.has(edge))) lost.push([day, window]);
    }
  });
  return lost;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

// -- the grid ----------------------------------------------------------------------------------------------------------

class Painter {
  constructor(place, lines) {
    this.place = place;
    this.lines = lines;
    this.words = place.dataset;
    this.days = this.words.days.split("|");
    this.short = this.words.short.split("|");
    this.week = readWeek(this.texts()).week || lines.map(() => []);
    this.undos = [];
    this.stroke = null;
    this.at = [0, 7 * 4]; // Monday 07:00: where the keyboard begins
    this.lying = matchMedia(LYING);
    this.tools();
    this.build();
    this.lying.addEventListener("change", () => this.build());
    for (const line of lines) line.addEventListener("input", () => this.typed());
    place.hidden = false;
    this.typed();
  }

  texts() {
    return this.lines.map((line) => line.value);
  }

  tools() {
    const make = (name, content = "") => Object.assign(document.createElement(name), {textContent: content});
    const title = make("h2", this.words.title);
    title.id = "paint-title";
    const advice = make("p", this.words.advice);
    advice.id = "paint-advice";
    advice.className = "quiet";
    this.bar = make("div");
    this.bar.className = "tools";
    const group = make("div");
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", this.words.tool);
    for (const [name, text] of [["paint", this.words.paint], ["scroll", this.words.scroll]]) {
      const label = make("label");
      const button = Object.assign(make("input"), {type: "radio", name: "paint-tool", checked: name === "paint"});
      button.addEventListener("change", () => this.grid.classList.toggle("paints", name === "paint"));
      label.append(button, text);
      group.append(label);
    }
    this.undo = Object.assign(make("button", this.words.undo), {type: "button", className: "plain", disabled: true});
    this.undo.id = "paint-undo";
    this.undo.addEventListener("click", () => this.back());
    this.told = make("output");
    this.told.setAttribute("aria-live", "polite");
    this.bar.append(group, this.undo, this.told);
    this.note = make("p");
    this.note.className = "note";
    this.note.setAttribute("role", "status");
    this.note.hidden = true;
    this.grid = make("div");
    this.grid.setAttribute("role", "grid");
    this.grid.setAttribute("aria-multiselectable", "true");
    this.grid.setAttribute("aria-labelledby", "paint-title");
    this.grid.setAttribute("aria-describedby", "paint-advice");
    this.grid.classList.add("week-grid", "paints");
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("pointerdown", (event) => this.down(event));
    this.grid.addEventListener("pointermove", (event) => this.move(event));
    this.grid.addEventListener("pointerup", (event) => this.up(event));
    this.grid.addEventListener("pointercancel", () => this.cancel());
    this.grid.addEventListener("click", (event) => this.assisted(event));
    this.grid.addEventListener("focusin", (event) => this.focused(event));
    this.place.append(title, advice, this.bar, this.note, this.grid);
  }

  // Rows are days where there is room for a day in a row, else columns are: what a screen reader says is what is seen.
  build() {
    const lying = this.lying.matches;
    this.cancel();
    this.grid.replaceChildren();
    this.grid.classList.toggle("lying", lying);
    this.grid.classList.toggle("standing", !lying);
    this.cells = this.days.map(() => []);
    const make = (role, className, text = "") => {
      const made = document.createElement("div");
      made.setAttribute("role", role);
      made.className = className;
      made.textContent = text;
      return made;
    };
    const cell = (day, quarter) => {
      const made = make("gridcell", "q" + (quarter % 4 === 0 ? " on-hour" : ""));
      made.dataset.day = day;
      made.dataset.quarter = quarter;
      made.tabIndex = -1;
      this.cells[day][quarter] = made;
      return made;
    };
    // Read by a screen reader only: there is no room for it.
    const unseen = (text) => {
      const made = document.createElement("span");
      made.className = "unseen";
      made.textContent = text;
      return made;
    };
    const head = make("row", "");
    const corner = make("columnheader", "head top");
    corner.append(unseen(lying ? this.words.day : this.words.time));
    head.append(corner);
    this.grid.append(head);
    if (lying) {
      for (let hour = 0; hour < 24; hour++) {
        const made = make("columnheader", "head hour", String(hour));
        made.style.gridColumn = "span 4";
        made.setAttribute("aria-colspan", "4");
        head.append(made);
      }
      for (let day = 0; day < DAYS; day++) {
        const row = make("row", "");
        row.append(make("rowheader", "head day", this.days[day]));
        for (let quarter = 0; quarter < QUARTERS; quarter++) row.append(cell(day, quarter));
        this.grid.append(row);
      }
    } else {
      for (let day = 0; day < DAYS; day++) {
        const made = make("columnheader", "head top", this.short[day]);
        made.setAttribute("aria-label", this.days[day]);
        head.append(made);
      }
      for (let quarter = 0; quarter < QUARTERS; quarter++) {
        const row = make("row", "");
        const onHour = quarter % 4 === 0;
        const label = make("rowheader", "head hour" + (onHour ? " on-hour" : ""), onHour ? clock(quarter * QUARTER) : "");
        if (!onHour) label.append(unseen(clock(quarter * QUARTER)));
        row.append(label);
        for (let day = 0; day < DAYS; day++) row.append(cell(day, quarter));
        this.grid.append(row);
      }
    }
    this.shown = this.days.map(() => []);
    this.show(this.week);
    this.cells[this.at[0]][this.at[1]].tabIndex = 0;
  }

  // Only cells that look or sound otherwise than before are touched.
  show(week) {
    for (let day = 0; day < DAYS; day++) {
      for (let quarter = 0; quarter < QUARTERS; quarter++) {
        const minutes = inside(week[day], quarter);
        const start = quarter * QUARTER;
        const part = minutes > 0 && minutes < QUARTER;
        const times = part ? week[day].filter(([from, to]) => from < start + QUARTER && to > start)
          .map(([from, to]) => clock(from) + "-" + clock(to)).join(", ") : "";
        const key = minutes + times;
        if (this.shown[day][quarter] === key) continue;
        this.shown[day][quarter] = key;
        const made = this.cells[day][quarter];
        const state = part ? this.words.partly : minutes ? this.words.open : this.words.closed;
        made.setAttribute("aria-selected", String(minutes === QUARTER));
        made.classList.toggle("part", part);
        const values = {day: this.days[day], begin: clock(start), end: clock(start + QUARTER), state, times};
        made.setAttribute("aria-label", fill(part ? this.words.part : this.words.cell, values));
      }
    }
  }

  get waits() {
    return this.grid.getAttribute("aria-disabled") === "true";
  }

  // A line was typed: the picture follows, or waits until the line says hours.
  typed() {
    const read = readWeek(this.texts());
    this.grid.setAttribute("aria-disabled", String(read.week === undefined));
    if (read.week === undefined) {
      this.say(fill(this.words.bad, {day: this.days[read.bad]}));
      return;
    }
    if (this.told.dataset.bad === "yes") this.say("");
    this.week = read.week;
    this.show(this.week);
  }

  say(text) {
    this.told.textContent = text;
    this.told.dataset.bad = this.waits ? "yes" : "";
  }

  // A new week: the lines of the days that are otherwise say it.
  take(week) {
    const before = weekLines(this.week);
    weekLines(week).forEach((line, day) => {
      if (line !== before[day]) this.lines[day].value = line;
    });
    this.week = week;
    this.show(week);
  }

  remember() {
    this.undos.push(this.texts());
    if (this.undos.length > UNDO_MAX) this.undos.shift();
    this.undo.disabled = false;
  }

  back() {
    const texts = this.undos.pop();
    this.undo.disabled = this.undos.length === 0;
    if (texts === undefined) return;
    texts.forEach((text, day) => { this.lines[day].value = text; });
    this.note.hidden = true;
    this.typed();
    this.say(this.words.undone);
    if (this.undo.disabled) this.cells[this.at[0]][this.at[1]].focus();
  }

  // -- strokes: from a cell to another one, days and quarters between them too

  begin(day, quarter) {
    if (this.waits) return;
    this.stroke = {from: [day, quarter], to: [day, quarter], open: inside(this.week[day], quarter) < QUARTER};
    this.preview();
  }

  reach(day, quarter) {
    if (this.stroke === null || (this.stroke.to[0] === day && this.stroke.to[1] === quarter)) return;
    this.stroke.to = [day, quarter];
    this.preview();
  }

  preview() {
    const {from, to, open} = this.stroke;
    const days = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
    const start = Math.min(from[1], to[1]) * QUARTER;
    const end = (Math.max(from[1], to[1]) + 1) * QUARTER;
    this.stroke.week = this.week.map((windows, day) =>
      day >= days[0] && day <= days[1] ? painted(windows, start, end, open) : windows);
    this.show(this.stroke.week);
    const first = this.days[days[0]];
    const day = days[0] === days[1] ? first : fill(this.words.span, {first, last: this.days[days[1]]});
    const state = open ? this.words.open : this.words.closed;
    this.say(fill(this.words.stroke, {day, begin: clock(start), end: clock(end), state}));
  }

  finish() {
    if (this.stroke === null) return;
    const {week, to} = this.stroke;
    this.stroke = null;
    const lost = finerLost(this.week, week);
    this.remember();
    this.take(week);
    this.place_at(to[0], to[1], false);
    this.note.hidden = lost.length === 0;
    if (lost.length > 0) {
      const times = lost.map(([day, window]) => this.days[day] + " " + clock(window[0]) + "-" + clock(window[1]));
      this.note.textContent = fill(this.words.finer, {times: times.join("; ")});
    }
  }

  cancel() {
    if (this.stroke === null) return;
    this.stroke = null;
    this.show(this.week);
    this.say("");
  }

  // -- by finger and mouse

  under(event) {
    const found = document.elementFromPoint(event.clientX, event.clientY);
    const cell = found === null ? null : found.closest(".q");
    return cell === null || !this.grid.contains(cell) ? null : [Number(cell.dataset.day), Number(cell.dataset.quarter)];
  }

  down(event) {
    if (event.button !== 0 || this.stroke !== null || !event.isPrimary) return;
    if (event.pointerType === "touch" && !this.grid.classList.contains("paints")) return;
    const cell = this.under(event);
    if (cell === null) return;
    event.preventDefault();
    this.pointer = event.pointerId;
    this.grid.setPointerCapture(event.pointerId);
    this.begin(...cell);
    this.painting = true;
  }

  move(event) {
    if (this.stroke === null || event.pointerId !== this.pointer) return;
    this.last = event;
    const cell = this.under(event);
    if (cell !== null) this.reach(...cell);
    this.scroll();
  }

  // Near an edge of the window the page follows the stroke.
  scroll() {
    if (this.scrolling) return;
    const step = () => {
      this.scrolling = false;
      if (this.stroke === null) return;
      const y = this.last.clientY;
      const by = y < EDGE_PX ? y - EDGE_PX : y > innerHeight - EDGE_PX ? y - innerHeight + EDGE_PX : 0;
      if (by === 0) return;
      scrollBy(0, by / 4);
      const cell = this.under(this.last);
      if (cell !== null) this.reach(...cell);
      this.scrolling = true;
      requestAnimationFrame(step);
    };
    this.scrolling = true;
    requestAnimationFrame(step);
  }

  up(event) {
    if (this.stroke === null || event.pointerId !== this.pointer) return;
    this.finish();
  }

  // A screen reader activates a cell by a click without a pointer.
  assisted(event) {
    const pointed = this.painting;
    this.painting = false;
    if (pointed || event.detail !== 0 || this.stroke !== null) return;
    const cell = event.target.closest(".q");
    if (cell === null) return;
    this.begin(Number(cell.dataset.day), Number(cell.dataset.quarter));
    this.finish();
  }

  // -- by keyboard

  place_at(day, quarter, focus = true) {
    this.cells[this.at[0]][this.at[1]].tabIndex = -1;
    this.at = [day, quarter];
    const cell = this.cells[day][quarter];
    cell.tabIndex = 0;
    if (focus) cell.focus();
  }

  focused(event) {
    const cell = event.target.closest(".q");
    if (cell !== null) this.place_at(Number(cell.dataset.day), Number(cell.dataset.quarter), false);
  }

  key(event) {
    if (event.altKey || event.metaKey) return;
    const lying = this.lying.matches;
    let [day, quarter] = this.at;
    const along = lying ? "ArrowRight" : "ArrowDown";
    const against = lying ? "ArrowLeft" : "ArrowUp";
    const next = lying ? "ArrowDown" : "ArrowRight";
    const before = lying ? "ArrowUp" : "ArrowLeft";
    switch (event.key) {
      case along: quarter += 1; break;
      case against: quarter -= 1; break;
      case next: day += 1; break;
      case before: day -= 1; break;
      case "Home": lying || event.ctrlKey ? quarter = 0 : day = 0; if (event.ctrlKey) day = 0; break;
      case "End": lying || event.ctrlKey ? quarter = QUARTERS - 1 : day = DAYS - 1; if (event.ctrlKey) day = DAYS - 1; break;
      case "PageDown": quarter += 4; break;
      case "PageUp": quarter -= 4; break;
      case " ":
        event.preventDefault();
        this.begin(day, quarter);
        this.finish();
        return;
      case "Escape": this.cancel(); return;
      case "z":
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.back();
        return;
      default: return;
    }
    event.preventDefault();
    day = Math.max(0, Math.min(DAYS - 1, day));
    quarter = Math.max(0, Math.min(QUARTERS - 1, quarter));
    // With Shift the cell one came from is changed, and each one that is reached becomes like it.
    const [oldDay, oldQuarter] = this.at;
    if (event.shiftKey && !this.waits && (day !== oldDay || quarter !== oldQuarter)) {
      if (this.held === undefined) this.held = inside(this.week[oldDay], oldQuarter) < QUARTER;
      this.stroke = {from: [oldDay, oldQuarter], to: [day, quarter], open: this.held};
      this.preview();
      this.finish();
    } else {
      this.held = undefined;
    }
    this.place_at(day, quarter);
  }
}

// Copying a day needs no way to the controller where there is script.
function copying(painter, lines) {
  document.getElementById("copy-do").addEventListener("click", (event) => {
    event.preventDefault();
    const from = Number(document.getElementById("copy-from").value);
    const boxes = Array.from(document.querySelectorAll('#copy input[name="copy_to"]'));
    const targets = boxes.filter((box) => box.checked).map((box) => Number(box.value)).filter((day) => day !== from);
    if (targets.length === 0) return;
    painter.remember();
    const text = lines[from].value;
    for (const day of targets) lines[day].value = text;
    for (const box of boxes) box.checked = false;
    const read = readWeek(lines.map((line) => line.value));
    if (read.week !== undefined) weekLines(read.week).forEach((line, day) => { lines[day].value = line; });
    painter.typed();
    if (read.week !== undefined) painter.say(painter.words.copied);
  });
}

const place = document.getElementById("painter");
if (place !== null) {
  const lines = Array.from({length: DAYS}, (_, day) => document.getElementById("day-" + day));
  const painter = new Painter(place, lines);
  document.addEventListener("keyup", (event) => { if (event.key === "Shift") painter.held = undefined; });
  copying(painter, lines);
  place.dataset.ready = "yes";
}
