// What lies under the points (two canvases) and over them (one SVG), kept in step with the axes.
const SVG = "http://www.w3.org/2000/svg";
const drawings = new Map(); // layer -> what draws it
const under = { pictures: null, heat: null }; // role -> {image, box: [x0, x1, y0, y1]}: an off-screen canvas and its edges

function shape(kind, attributes, text = "") {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

// draw() -> SVG elements in pixels; it is called again whenever the view changes. None clears the layer.
function overlay(name, draw) {
  let group = part("over").querySelector(`[data-layer="${name}"]`);
  if (!group) part("over").append((group = shape("g", { "data-layer": name })));
  if (draw) drawings.set(name, draw);
  else drawings.delete(name);
  group.replaceChildren(...(draw && plot._fullLayout?.xaxis ? draw() : []));
}

const outline = (places) => places.map(([x, y]) => toPixels(x, y).map((pixel) => pixel.toFixed(1)).join(",")).join(" ");

function underlay(role, layer) {
  under[role] = layer;
  drawUnder(role);
}

// A canvas as large as it is shown, cleared, whose context counts in CSS pixels.
function blank(target, width, height) {
  const ratio = Math.min(devicePixelRatio, 2), context = target.getContext("2d");
  const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  if (target.width !== size.width || target.height !== size.height) Object.assign(target, size);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function drawUnder(role) {
  const context = blank(part(role), plot.clientWidth, plot.clientHeight);
  if (!under[role] || !plot._fullLayout?.xaxis) return;
  const { image, box: [x0, x1, y0, y1] } = under[role];
  const [left, top] = toPixels(x0, y1), [right, bottom] = toPixels(x1, y0);
  context.imageSmoothingEnabled = role === "heat";
  context.imageSmoothingQuality = "high";
  context.drawImage(image, left, top, right - left, bottom - top);
}

function viewChanged() {
  placeCursor();
  drawDots();
  for (const role of Object.keys(under)) drawUnder(role);
  for (const [name, draw] of drawings) overlay(name, draw);
  each("viewed");
  remember();
}

// The visible part of the map as cells: their centres' first and last coordinates, and their number each way.
function cells(count, most) {
  const [across, up] = axes().map((axis) => axis.range), pixels = [plot.clientWidth, plot.clientHeight];
  const side = Math.sqrt((pixels[0] * pixels[1]) / count) * ((across[1] - across[0]) / pixels[0]);
  // Steps by the square root of two, and centres at their multiples: what is decoded does not swim as the map pans.
  const needed = Math.max(...[across, up].map(([low, high]) => (high - low) / (most - 2))); // so that a tall view fits too
  const step = Math.max(2 ** (Math.round(2 * Math.log2(side)) / 2), 2 ** (Math.ceil(2 * Math.log2(needed)) / 2));
  const spans = [across, up].map(([low, high]) => {
    const first = Math.floor(low / step), number = Math.min(Math.ceil(high / step) - first + 1, most);
    return { low: first * step, high: (first + number - 1) * step, number };
  });
  const box = spans.flatMap(({ low, high }) => [low - step / 2, high + step / 2]);
  return { x0: spans[0].low, x1: spans[0].high, y0: spans[1].low, y1: spans[1].high, n: spans[0].number, rows: spans[1].number, box };
}
