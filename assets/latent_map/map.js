const PICK_RADIUS = { mouse: 8, pen: 12, touch: 18 }; // pixels
const CLICK_SLOP = 4;
const base = new URL("gradio_api/explorer/", document.baseURI);
const part = (role) => element.querySelector(`[data-role="${role}"]`);
const root = part("root"), plot = part("plot"), pad = part("pad"), cursor = part("cursor"), canvas = part("decoded");
const known = new Map(props.models.map((model) => [model.name, model]));
const state = { model: null, x: 0, y: 0, point: null, hidden: new Set() };
let points = { x: [], y: [], label: [], index: [] }; // of the whole map, in one row each
let colours = [];
let loading = 0;
let Plotly;

// --- the picture follows the cursor -------------------------------------------------------------

const sent = new Map(); // id -> the place asked for and the pointer event's own time
const paints = []; // [time, latency], of the last second
let painted = 0, firstId = 0, dirty = null, scheduled = false;

const source = new FrameSource(base, (id, width, height, pixels) => {
  const asked = sent.get(id);
  for (const older of sent.keys()) if (older <= id) sent.delete(older);
  if (id <= painted || id < firstId) return;
  painted = id;
  paint(canvas, pixels, width, height);
  canvas.dataset.place = asked.place;
  measure(performance.now(), performance.now() - asked.when);
  if (dirty !== null) schedule();
}, notify, () => (dirty ??= performance.now()));

function paint(target, pixels, width, height) {
  if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) words[i] = 0xff000000 | (pixels[i] * 0x010101);
  target.getContext("2d").putImageData(image, 0, 0);
}

function moveTo(x, y, point, when = performance.now()) {
  Object.assign(state, { x, y, point });
  Object.assign(root.dataset, { model: state.model, x, y, point: point ?? "" });
  dirty = when;
  schedule();
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    placeCursor();
    if (dirty === null || !source.ready) return;
    const { model, x, y, point } = state;
    const id = source.request({ model, x, y, point });
    sent.set(id, { when: dirty, place: [model, x, y, point].join(" ") });
    dirty = null;
    readOut();
  });
}
setInterval(() => dirty !== null && schedule(), 100); // what found no room goes out when there is some again

function measure(now, latency) {
  paints.push([now, latency]);
  while (now - paints[0][0] > 1000) paints.shift();
  root.dispatchEvent(new CustomEvent("painted", { detail: { now, latency, id: painted } }));
}

setInterval(() => {
  const recent = paints.filter(([when]) => performance.now() - when < 1000);
  if (recent.length < 3) return;
  const sorted = recent.map(([, latency]) => latency).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
  const span = recent[recent.length - 1][0] - recent[0][0];
  const rate = Math.round((1000 * (recent.length - 1)) / Math.max(span, 1));
  part("meter").textContent = `${rate} fps · ${at(0.5)} ms, p95 ${at(0.95)} ms · ${root.dataset.device ?? "…"}`;
}, 300);

// --- the map ------------------------------------------------------------------------------------

const axes = () => [plot._fullLayout.xaxis, plot._fullLayout.yaxis];
const toPixels = (x, y) => axes().map((axis, i) => axis._offset + axis.d2p([x, y][i]));
const toData = (px, py) => axes().map((axis, i) => round(axis.p2d([px, py][i] - axis._offset)));
const round = (value) => Math.round(value * 1e4) / 1e4; // so that link, read-out and request are the same number

function placeCursor() {
  if (!plot._fullLayout?.xaxis) return;
  const [px, py] = toPixels(state.x, state.y);
  const inside = px >= 0 && py >= 0 && px <= plot.clientWidth && py <= plot.clientHeight;
  cursor.style.transform = `translate3d(${px}px, ${py}px, 0)`;
  cursor.style.visibility = inside ? "visible" : "hidden";
}

function nearest(px, py, radius = Infinity) {
  const [ax, ay] = axes();
  let best = -1, least = radius * radius;
  for (let i = 0; i < points.x.length; i++) {
    if (state.hidden.has(points.label[i])) continue;
    const dx = ax._offset + ax.d2p(points.x[i]) - px, dy = ay._offset + ay.d2p(points.y[i]) - py;
    const square = dx * dx + dy * dy;
    if (square < least) [best, least] = [i, square];
  }
  return best;
}

const decodeArray = ({ dtype, bdata }) => {
  const types = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i8: BigInt64Array };
  return new types[dtype](Uint8Array.from(atob(bdata), (c) => c.charCodeAt(0)).buffer);
};

async function openModel(name, place) {
  const mine = ++loading;
  const model = known.get(name);
  clear(model);
  try {
    const answer = await fetch(new URL(`figure?model=${encodeURIComponent(name)}`, base));
    if (!answer.ok) throw new Error((await answer.json()).error);
    const figure = await answer.json();
    Plotly ??= await plotly;
    if (mine !== loading) return;
    await show(name, figure);
    if (mine !== loading) return;
    part("veil").hidden = true;
    goTo(place ?? { point: 0 });
  } catch (error) {
    if (mine === loading) part("veil").textContent = `The map could not be loaded. ${error.message}`;
  }
}

function clear(model) {
  firstId = source.lastId + 1; // whatever is still on its way belongs to the model before
  Object.assign(state, { model: model.name, point: null });
  state.hidden.clear();
  paints.length = 0;
  dirty = null;
  part("veil").hidden = false;
  part("veil").textContent = "Loading the map…";
  part("teaches").textContent = model.teaches;
  part("meter").textContent = "drag to measure";
  for (const role of ["x", "y", "nearest"]) part(role).textContent = "–";
  delete canvas.dataset.place;
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  cursor.style.visibility = "hidden";
  showPicked(null);
  part("models").querySelector(`[value="${CSS.escape(model.name)}"]`).checked = true;
}

async function show(name, figure) {
  const all = { x: [], y: [], label: [], index: [] };
  colours = figure.data.map((trace) => trace.marker.color);
  figure.data.forEach((trace, label) => {
    for (const key of ["x", "y", "customdata"]) trace[key] = decodeArray(trace[key]);
    for (let i = 0; i < trace.x.length; i++) {
      all.x.push(trace.x[i]);
      all.y.push(trace.y[i]);
      all.label.push(label);
      all.index.push(trace.customdata[i]);
    }
  });
  points = all;
  themed(figure.layout);
  await Plotly.react(plot, figure.data, figure.layout, { displayModeBar: false, scrollZoom: true, doubleClick: false });
  if (!plot.dataset.listening) {
    plot.dataset.listening = "yes";
    plot.on("plotly_relayout", placeCursor);
    plot.on("plotly_relayouting", placeCursor);
  }
  drawLegend(known.get(name));
}

function themed(layout) {
  const style = getComputedStyle(root);
  const [text, grid] = ["--body-text-color-subdued", "--border-color-primary"].map((name) => style.getPropertyValue(name).trim());
  layout.font = { ...layout.font, color: text };
  for (const axis of [layout.xaxis, layout.yaxis]) Object.assign(axis, { tickfont: { color: text, size: 11 }, gridcolor: grid, zerolinecolor: grid });
  const dark = document.body.classList.contains("dark");
  for (const note of layout.annotations ?? []) {
    note.font = { ...note.font, color: dark ? "#f3f4f6" : "#111827" };
    note.bgcolor = dark ? "rgba(17,24,39,.72)" : "rgba(255,255,255,.78)";
  }
}

function goTo({ x, y, point = null }) {
  const row = point === null ? -1 : points.index.indexOf(point);
  if (row >= 0 && (x === undefined || (x === round(points.x[row]) && y === round(points.y[row])))) {
    moveTo(points.x[row], points.y[row], point); // exactly its own place, which the link rounds
  } else {
    moveTo(x ?? 0, y ?? 0, row >= 0 ? point : null);
  }
  pick();
}

function zoom(factor, px = plot.clientWidth / 2, py = plot.clientHeight / 2) {
  const change = {};
  axes().forEach((axis, i) => {
    const centre = axis.p2d([px, py][i] - axis._offset);
    change[`${["x", "y"][i]}axis.range`] = axis.range.map((edge) => centre + (edge - centre) * factor);
  });
  return Plotly.relayout(plot, change);
}

const reset = () => Plotly.relayout(plot, { "xaxis.autorange": true, "yaxis.autorange": true });

// --- pointer, keys ------------------------------------------------------------------------------

const held = new Map(); // pointer id -> its place on the pad
let press = null, wheel = 1, wheelAt = null;

const local = (event) => {
  const box = pad.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

pad.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !plot._fullLayout) return;
  pad.setPointerCapture(event.pointerId);
  held.set(event.pointerId, local(event));
  part("tip").hidden = true;
  if (held.size === 1) {
    press = { at: local(event), moved: false };
    moveTo(...toData(...press.at), state.point, event.timeStamp);
  }
});

pad.addEventListener("pointermove", (event) => {
  const here = local(event);
  if (!held.has(event.pointerId)) return hover(...here);
  const before = held.get(event.pointerId);
  held.set(event.pointerId, here);
  if (held.size > 1) return pinch(event.pointerId, before, here);
  if (!press) return;
  press.moved ||= Math.hypot(here[0] - press.at[0], here[1] - press.at[1]) > CLICK_SLOP;
  moveTo(...toData(...here), state.point, event.timeStamp);
});

function release(event) {
  if (!held.delete(event.pointerId) || !press || held.size) return;
  const { at, moved } = press;
  press = null;
  if (event.type === "pointercancel") return;
  if (!moved) {
    const row = nearest(...at, PICK_RADIUS[event.pointerType] ?? 8);
    if (row >= 0) moveTo(points.x[row], points.y[row], points.index[row], event.timeStamp);
    else moveTo(...toData(...at), null, event.timeStamp);
    pick();
  }
  remember();
}
pad.addEventListener("pointerup", release);
pad.addEventListener("pointercancel", release);
pad.addEventListener("pointerleave", () => (part("tip").hidden = true));

function pinch(id, before, here) {
  press = null; // two fingers zoom, and lift without a click
  const other = [...held].find(([key]) => key !== id)[1];
  const span = (from) => Math.hypot(from[0] - other[0], from[1] - other[1]);
  wheel *= span(before) / Math.max(span(here), 1);
  zoomSoon([(here[0] + other[0]) / 2, (here[1] + other[1]) / 2]);
}

function zoomSoon(at) {
  if (wheelAt === null) requestAnimationFrame(() => {
    zoom(wheel, ...wheelAt);
    [wheel, wheelAt] = [1, null];
  });
  wheelAt = at;
}

pad.addEventListener("wheel", (event) => {
  if (!plot._fullLayout) return;
  event.preventDefault();
  wheel *= Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240)));
  zoomSoon(local(event));
}, { passive: false });

function hover(px, py) {
  if (!plot._fullLayout?.xaxis) return;
  const row = nearest(px, py, 7);
  const tip = part("tip");
  tip.hidden = row < 0;
  if (row < 0) return;
  tip.textContent = `${className(points.label[row])} · #${points.index[row]}`;
  const left = Math.min(px + 14, plot.clientWidth - tip.offsetWidth - 4);
  tip.style.transform = `translate(${left}px, ${Math.max(py - 30, 2)}px)`;
}

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
pad.addEventListener("keydown", (event) => {
  if (!plot._fullLayout || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = KEYS[event.key];
  if (step) {
    const [low, high] = axes()[1].range;
    const size = ((high - low) / 200) * (event.shiftKey ? 10 : 1);
    moveTo(round(state.x + step[0] * size), round(state.y + step[1] * size), state.point, event.timeStamp);
    remember();
  } else if (event.key === "+" || event.key === "=") zoom(0.8);
  else if (event.key === "-") zoom(1.25);
  else if (event.key === "0") reset();
  else if (event.key === "Enter" || event.key === " ") pickNearest();
  else return;
  event.preventDefault();
});

function pickNearest() {
  const row = nearest(...toPixels(state.x, state.y));
  if (row < 0) return;
  moveTo(points.x[row], points.y[row], points.index[row]);
  pick();
  remember();
}

// --- beside the map -----------------------------------------------------------------------------

const className = (label) => known.get(state.model).class_names[label];
const decimal = (value, digits) => value.toFixed(digits).replace("-", "−");
let said = 0;

function readOut() {
  part("x").textContent = decimal(state.x, 3);
  part("y").textContent = decimal(state.y, 3);
  const row = nearest(...toPixels(state.x, state.y));
  part("nearest").textContent = row < 0 ? "–" : className(points.label[row]);
  clearTimeout(said);
  said = setTimeout(() => {
    part("live").textContent = `x ${decimal(state.x, 2)}, y ${decimal(state.y, 2)}, nearest class ${part("nearest").textContent}`;
  }, 500);
}

function pick() {
  showPicked(null);
  if (state.point === null) return;
  part("picked").textContent = `Test image ${state.point}`;
  part("hint").textContent = "";
  trigger("pick", { model: state.model, point: state.point });
}

watch("value", () => {
  const answer = props.value;
  if (answer?.error) notify(answer.error);
  else if (answer && answer.model === state.model && answer.point === state.point) showPicked(answer);
});

function showPicked(answer) {
  part("pair").hidden = !answer;
  part("latents").replaceChildren();
  part("picked").textContent = answer ? `${answer.label} · test image ${answer.point}` : "No test image picked";
  part("hint").textContent = answer ? answer.note : "Click a point to see whose it is.";
  if (!answer) return;
  for (const role of ["original", "reconstruction"]) {
    part(role).parentElement.hidden = !answer[role];
    if (answer[role]) paint(part(role), Uint8Array.from(atob(answer[role]), (c) => c.charCodeAt(0)), answer.width, answer.height);
  }
  const largest = Math.max(...answer.latents.map(Math.abs), 1e-9);
  part("latents").classList.toggle("many", answer.latents.length > 8);
  part("latents").append(...answer.latents.map((value, i) => latentRow(i, value, largest)));
}

function latentRow(i, value, largest) {
  const row = document.createElement("div"), name = document.createElement("span"), number = document.createElement("span");
  const track = document.createElement("i"), bar = document.createElement("b");
  name.textContent = `z${i}`;
  number.textContent = decimal(value, 2);
  const share = (50 * Math.abs(value)) / largest;
  Object.assign(bar.style, { width: `${share}%`, left: `${value < 0 ? 50 - share : 50}%` });
  track.append(bar);
  row.append(name, track, number);
  return row;
}

function drawLegend(model) {
  const toggles = model.class_names.map((name, label) => {
    const button = document.createElement("button"), dot = document.createElement("i");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.title = "Click to hide or show, double-click to see only this class";
    dot.style.background = colours[label];
    button.append(dot, name);
    button.onclick = () => filter((hidden) => (hidden.has(label) ? hidden.delete(label) : hidden.add(label)));
    button.ondblclick = () => filter((hidden) => {
      hidden.clear();
      model.class_names.forEach((_, other) => other !== label && hidden.add(other));
    });
    return button;
  });
  part("legend").replaceChildren(...toggles);
}

function filter(change) {
  change(state.hidden);
  const shown = colours.map((_, label) => !state.hidden.has(label));
  [...part("legend").children].forEach((button, label) => button.setAttribute("aria-pressed", String(shown[label])));
  Plotly.restyle(plot, { visible: shown });
  const notes = Object.fromEntries(shown.map((visible, label) => [`annotations[${label}].visible`, visible]));
  Plotly.relayout(plot, notes);
  readOut();
}

function notify(sentence) {
  part("notice").textContent = sentence;
  part("notice").hidden = !sentence;
}

// --- the address --------------------------------------------------------------------------------

let remembering = 0;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const url = new URL(location.href);
    const place = { model: state.model, x: round(state.x), y: round(state.y), point: state.point };
    for (const [key, value] of Object.entries(place)) value === null ? url.searchParams.delete(key) : url.searchParams.set(key, value);
    history.replaceState(history.state, "", url);
  }, 250);
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  const given = (key) => (query.get(key)?.trim() ? Number(query.get(key)) : undefined);
  const name = query.get("model");
  const place = { x: given("x"), y: given("y"), point: given("point") ?? null };
  const within = (value) => value === undefined || Math.abs(value) <= 1e6;
  const whole = place.point === null || (Number.isInteger(place.point) && place.point >= 0);
  const start = props.models[0].name;
  if (name === null && place.x === undefined && place.y === undefined && place.point === null) return [start];
  if (name !== null && !known.has(name)) notify("The link names a model that is not here; this is the first one.");
  else if (!within(place.x) || !within(place.y) || !whole) notify("The link's place is not a valid one; this is the map's start.");
  else return [name ?? start, place.point !== null || place.x !== undefined || place.y !== undefined ? place : undefined];
  return [known.has(name) ? name : start];
}

// --- start --------------------------------------------------------------------------------------

function drawModels() {
  part("models").append(...props.models.map((model) => {
    const label = document.createElement("label"), input = document.createElement("input");
    const title = document.createElement("b"), kind = document.createElement("span");
    Object.assign(input, { type: "radio", name: "explorer-model", value: model.name });
    const [data, ...rest] = model.title.split(", ");
    title.textContent = data;
    kind.textContent = rest.join(" · ");
    input.onchange = () => {
      notify("");
      openModel(model.name).then(remember);
    };
    label.append(input, title, kind);
    return label;
  }));
}

function setMode(panning) {
  root.classList.toggle("panning", panning);
  part("explore").setAttribute("aria-pressed", String(!panning));
  part("pan").setAttribute("aria-pressed", String(panning));
}

// gr.Plot, on the same page, overwrites window.Plotly with an older one: keep our own.
const plotly = new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = new URL("plotly.min.js", base);
  script.onload = () => resolve(window.Plotly);
  script.onerror = () => reject(new Error("plotly.js did not load."));
  document.head.append(script);
});

part("explore").onclick = () => setMode(false);
part("pan").onclick = () => setMode(true);
part("zoom-in").onclick = () => zoom(0.7);
part("zoom-out").onclick = () => zoom(1 / 0.7);
part("reset").onclick = reset;
new ResizeObserver(() => plot._fullLayout && plot.clientWidth && Plotly.Plots.resize(plot).then(placeCursor)).observe(plot);
new MutationObserver(() => {
  if (!plot.layout) return;
  themed(plot.layout);
  Plotly.react(plot, plot.data, plot.layout);
}).observe(document.body, { attributeFilter: ["class"] });
fetch(new URL("healthz", base)).then((answer) => answer.json()).then(({ device }) => (root.dataset.device = device)).catch(console.warn);
drawModels();
openModel(...readAddress());
