// The points where WebGL is missing or was lost: plotly keeps the axes, and a canvas in WebGL's place shows them all.
import { blank } from "../shared/canvas.js";
import { make } from "../shared/dom.js";
import { grouped } from "../shared/numbers.js";
import { say } from "../shared/texts.js";
import { linear, size } from "./axes.js";
import { points } from "./figure.js";
import { part, plot } from "./page.js";
import { Plotly } from "./plotly.js";

const FIGURE = { displayModeBar: false, scrollZoom: true, doubleClick: false };
let webgl = true; // until plotly, which also needs some extensions of it, finds otherwise
/** @type {HTMLCanvasElement} */
let dots;

/** @param {any} data @param {any} layout */
export async function drawFigure(data, layout) {
  if (webgl) webgl = await drawnByWebGL(data, layout);
  part("no-webgl").hidden = webgl;
  if (!webgl) await drawOnCanvas(data, layout);
}

/** @param {any} data @param {any} layout */
async function drawnByWebGL(data, layout) {
  try {
    await Plotly.react(plot, data, layout, FIGURE);
    return webgl && !plot.querySelector(".no-webgl");
  } catch (error) {
    console.warn("without WebGL:", error); // a driver that has contexts to give, but compiles nothing
    return false;
  }
}

/** @param {any} data @param {any} layout */
async function drawOnCanvas(data, layout) {
  for (const trace of data) {
    Object.assign(trace, { type: "scatter", opacity: 0 });
    trace.marker.maxdisplayed = 1; // as much room around the points as with WebGL, and no elements for them
  }
  await Plotly.react(plot, data, layout, FIGURE);
  const container = /** @type {HTMLElement} */ (plot.querySelector(".gl-container"));
  Object.assign(container, { onclick: null, style: "" }); // which plotly has made white, and a link to get.webgl.org
  container.append(dots);
  part("no-webgl").textContent = say("map.no-webgl", { count: grouped(points.x.length) });
}

export function drawDots() {
  if (webgl) return;
  const [width, height] = size();
  const [[x0, dx], [y0, dy]] = linear();
  const context = blank(dots, width, height);
  for (const { x, y, marker, visible } of plot.data) {
    if (visible === false) continue;
    const radius = marker.size / 2;
    Object.assign(context, { fillStyle: marker.color, globalAlpha: marker.opacity });
    for (let i = 0; i < x.length; i++) {
      const px = x0 + dx * x[i];
      const py = y0 + dy * y[i];
      if (px < -radius || py < -radius || px > width + radius || py > height + radius) continue;
      context.beginPath();
      context.arc(px, py, radius, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

/** @param {() => void} drawn what to do when the figure is drawn anew, since WebGL was lost */
export function mountDots(drawn) {
  dots = make("canvas", { className: "under" });
  dots.dataset.role = "dots";
  dots.addEventListener("contextrestored", drawDots); // a plain canvas can be lost too, and comes back empty
  // A driver that is reset, a phone that sleeps, too many contexts on a page. The event doesn't bubble.
  const lost = () => {
    if (!webgl) return;
    webgl = false;
    if (plot.data) drawFigure(plot.data, plot.layout).then(drawn);
  };
  plot.addEventListener("webglcontextlost", lost, true);
}
