// The page's state, and the map itself: a Plotly figure under the cursor.
const base = new URL("gradio_api/explorer/", document.baseURI);
const part = (role) => element.querySelector(`[data-role="${role}"]`);
const root = part("root"), plot = part("plot"), pad = part("pad"), cursor = part("cursor"), canvas = part("decoded");
// What a model's config says of it, in the visitor's language where there is a text for it.
const inWords = (model) => ({
  ...model,
  title: sayIf(`model.${model.name}.title`, model.title),
  teaches: sayIf(`model.${model.name}.teaches`, model.teaches),
  class_names: model.class_names.map((name) => sayIf(`class.${model.data}.${name}`, name)),
});
const titleParts = (model) => model.title.split(/, |，/);
const models = props.models.map(inWords);
const known = new Map(models.map((model) => [model.name, model]));
// point: the test point through which the plane goes; z: any other latent, (D,), that it goes through.
const state = { model: null, plane: null, x: 0, y: 0, point: null, z: null, hidden: new Set() };
let meta = { origin: [0, 0], axes: [[1, 0], [0, 1]] }; // of the plane that is shown
let points = { x: [], y: [], label: [], index: [] }; // of the whole map, in one row each
let colours = [];
let loading = 0;
let Plotly;

const axes = () => [plot._fullLayout.xaxis, plot._fullLayout.yaxis];
const toPixels = (x, y) => axes().map((axis, i) => axis._offset + axis.d2p([x, y][i]));
const toData = (px, py) => axes().map((axis, i) => round(axis.p2d([px, py][i] - axis._offset)));
const round = (value) => Math.round(value * 1e4) / 1e4; // so that link, read-out and request are the same number

// The axes are linear: two numbers each, origin and pixels per unit, spare thousands of calls into Plotly.
const linear = () => axes().map((axis) => [axis._offset + axis.d2p(0), axis.d2p(1) - axis.d2p(0)]);

function placeCursor() {
  if (!plot._fullLayout?.xaxis) return;
  const [px, py] = toPixels(state.x, state.y);
  const inside = px >= 0 && py >= 0 && px <= plot.clientWidth && py <= plot.clientHeight;
  cursor.style.transform = `translate3d(${px}px, ${py}px, 0)`;
  cursor.style.visibility = inside ? "visible" : "hidden";
}

function nearest(px, py, radius = Infinity) {
  const [[x0, dx], [y0, dy]] = linear();
  let best = -1, least = radius * radius;
  for (let i = 0; i < points.x.length; i++) {
    const across = x0 + dx * points.x[i] - px, down = y0 + dy * points.y[i] - py;
    const square = across * across + down * down;
    if (square < least && !state.hidden.has(points.label[i])) [best, least] = [i, square];
  }
  return best;
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const decodeArray = ({ dtype, bdata }) => {
  const types = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i8: BigInt64Array };
  return new types[dtype](fromBase64(bdata).buffer);
};

async function openModel(name, place, plane = null) {
  const mine = ++loading;
  clear(known.get(name), plane);
  try {
    const figure = await fetchFigure(name, plane);
    Plotly ??= await plotly;
    if (mine !== loading) return;
    await show(name, figure);
    if (mine !== loading) return;
    part("veil").hidden = true;
    goTo(place ?? { point: 0 });
    each("shown");
  } catch (error) {
    if (mine !== loading) return;
    part("veil").hidden = false;
    part("veil").textContent = say("map.not-loaded", { reason: error.message });
    if (!plane) return;
    notify(error.message);
    await openModel(name, place, null);
  }
}

async function fetchFigure(name, plane) {
  const asked = new URLSearchParams({ model: name, ...(plane && { plane }) });
  const answer = await fetch(new URL(`figure?${asked}`, base));
  const figure = await answer.json();
  if (!answer.ok) throw new Error(translated(figure.error));
  return figure;
}

function clear(model, plane) {
  firstId = source.lastId + 1; // whatever is still on its way belongs to what was before
  flight += 1;
  const fresh = state.model !== model.name;
  if (fresh) clearModel(model);
  Object.assign(state, { model: model.name, plane, point: null, z: null });
  dirty = null;
  cursor.style.visibility = "hidden";
  showPicked(null);
  each("cleared", fresh);
}

function clearModel(model) {
  state.hidden.clear();
  pointLatents.clear();
  paints.length = 0;
  part("veil").hidden = false;
  part("veil").textContent = say("map.loading");
  part("teaches").textContent = model.teaches;
  part("meter").textContent = say("map.meter");
  for (const role of ["x", "y", "nearest"]) part(role).textContent = "–";
  delete canvas.dataset.place;
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  const choice = part("models").querySelector(`[value="${CSS.escape(model.name)}"]`);
  choice.checked = true;
  centre(choice.parentElement);
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
  meta = figure.layout.meta;
  themed(figure.layout);
  for (const note of figure.layout.annotations ?? []) note.text &&= inClass(note.text);
  await drawFigure(figure.data, figure.layout);
  if (!plot.dataset.listening) {
    plot.dataset.listening = "yes";
    plot.on("plotly_relayout", viewChanged);
    plot.on("plotly_relayouting", viewChanged);
  }
  drawLegend(known.get(name));
  if (state.hidden.size) filter(() => {});
  viewChanged();
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

function goTo({ x, y, point = null, z = null }) {
  if (z) {
    setLatent(z);
    return pick();
  }
  const row = point === null ? -1 : rowOf(point);
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
