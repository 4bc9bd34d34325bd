// A selection of test points: drawn around on the map, counted, averaged, and saved as a file.
import { images } from "../../../shared/bytes.js";
import { paint } from "../../../shared/canvas.js";
import { chosen } from "../../../shared/dom.js";
import { decimal, grouped } from "../../../shared/numbers.js";
import { say } from "../../../shared/texts.js";
import { ask, asking, download } from "../../ask.js";
import { exactly, isVisible, toPixels } from "../../axes.js";
import { bars } from "../../bars.js";
import { colours, plane, points } from "../../figure.js";
import { cased, outline, overlay } from "../../layers.js";
import { className } from "../../models.js";
import { pad, part } from "../../page.js";
import { subject } from "../../place.js";
import { project } from "../../plane.js";
import { isPressed } from "../../pointer.js";
import { change, state } from "../../state.js";
import { box, insideOf, isFar } from "./lasso.js";

/**
 * @typedef {object} Told by the server of a selection
 * @property {number} count
 * @property {number[]} mean of the latents
 * @property {number} spread
 * @property {number[]} classes how many of each
 * @property {string} of what is averaged: originals or reconstructions
 * @property {number[]} shape
 * @property {string} pixels of the mean image and of the decoded mean latent
 */

/** @type {number[][] | null} places (x, y) of the map around which is being drawn */
let lasso = null;
let penDown = false; // whether the cursor draws, moved by keys
/** @type {number[][] | null} those around which was drawn */
let ringed = null;
/** @type {number[]} indices in the test set that the server is asked about */
let asked = [];
/** @type {number[] | null} their mean latent */
let mean = null;

const questions = asking("select", show, (sentence) => (part("select-note").textContent = sentence));

// --- drawing around ---

/** @param {number[]} at in pixels */
function extend(at) {
  if (!lasso) return;
  const place = exactly(at); // a link's rounded place would be coarse where the map is zoomed
  if (chosen(part("select-kind")) === "box") lasso = box(lasso, place);
  else if (isFar(at, toPixels(lasso[lasso.length - 1]))) lasso.push(place);
  else return;
  drawLasso();
}

function drawLasso() {
  const ring = lasso ?? ringed;
  const middle = lasso ? null : mean;
  const draw = () => [
    ...(ring ? cased("polygon", { points: outline(ring) }) : []),
    ...(middle ? cased("path", { d: cross(toPixels(project(middle, plane))), "data-role": "select-mean" }) : []),
  ];
  overlay("select", state.tool === "select" && (ring || middle) ? draw : null);
}

/** @param {number[]} at in pixels */
const cross = (at) => `M${at}m-7 0h14m-7 -7v14`;

function dropLasso() {
  [lasso, penDown] = [null, false];
  drawLasso();
}

/** Of the points that are shown. @param {(x: number, y: number) => boolean} fits @returns {number[]} their indices */
function indicesWhere(fits) {
  const rows = [...points.x.keys()].filter((row) => isVisible(row) && fits(points.x[row], points.y[row]));
  return rows.map((row) => points.index[row]);
}

// --- what is selected ---

/** @param {number[]} indices @param {number[][] | null} ring */
function selectThese(indices, ring) {
  clear(indices.length ? "" : say("select.nothing"));
  if (!indices.length) return;
  [asked, ringed] = [indices, ring];
  drawLasso();
  questions.ask({ model: state.model, points: asked });
}

/** @param {string} sentence */
function clear(sentence = say("select.hint")) {
  change({ selected: [] });
  questions.drop();
  [lasso, penDown, ringed, asked, mean] = [null, false, null, [], null];
  drawLasso();
  part("select-outcome").hidden = true;
  part("select-note").textContent = sentence;
}

/** @param {Told} told */
function show(told) {
  const [first, second] = images(told);
  const [height, width] = told.shape.slice(-2);
  mean = told.mean;
  change({ selected: asked });
  drawLasso();
  part("select-note").textContent = "";
  part("select-outcome").hidden = false;
  part("select-count").textContent = grouped(told.count);
  part("select-of").textContent = say("select.of", { all: grouped(points.x.length) });
  paint(part("select-image", HTMLCanvasElement), first, width, height);
  paint(part("select-decoded", HTMLCanvasElement), second, width, height);
  part("select-kind-of").textContent = say(`select.mean-of.${told.of}`);
  part("select-spread").textContent = say("select.spread", { spread: decimal(told.spread, 2) });
  const counts = told.classes.map(
    (count, label) => /** @type {import("../../bars.js").Share} */ ([className(label), count, colours[label]]),
  );
  bars(
    part("select-classes"),
    counts.filter(([, count]) => count).sort((a, b) => b[1] - a[1]),
    grouped,
  );
}

/** @param {"csv" | "npz"} kind */
async function save(kind) {
  try {
    download(await ask("selection_file", { ...subject(), points: asked, kind }));
  } catch (error) {
    part("select-note").textContent = error instanceof Error ? error.message : String(error);
  }
}

/** @type {import("../../hooks.js").Tool} */
export const select = {
  name: "select",
  icon: "M4 3.5h2M9 3.5h2M14 3.5h2.5V6M16.5 9v2M16.5 14v2.5H14M11 16.5H9M6 16.5H3.5V14M3.5 11V9M3.5 6V3.5",
  mount() {
    part("select-all").onclick = () =>
      selectThese(
        indicesWhere(() => true),
        null,
      );
    part("select-clear").onclick = () => clear();
    part("select-csv").onclick = () => save("csv");
    part("select-npz").onclick = () => save("npz");
    pad.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && state.tool === "select") clear();
    });
    clear();
  },
  opened: drawLasso,
  closed: dropLasso,
  press(at) {
    [lasso, penDown] = [[exactly(at)], false];
    return true;
  },
  drag(at) {
    extend(at); // Escape ends it while the button is still held
    return true;
  },
  lift(moved) {
    const ring = lasso;
    lasso = null;
    if (!moved) drawLasso();
    else if (ring) selectThese(indicesWhere(insideOf(ring)), ring);
    return moved;
  },
  pen() {
    if (penDown && lasso) selectThese(indicesWhere(insideOf(lasso)), lasso);
    else [lasso, penDown] = [[[state.x, state.y]], true];
    drawLasso();
  },
  stepped() {
    if (penDown) extend(toPixels([state.x, state.y]));
  },
  viewed() {
    if (lasso && !isPressed() && !penDown) dropLasso(); // two fingers zoom instead
  },
  cleared: () => clear(),
};
