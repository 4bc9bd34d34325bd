// Class centroids on the map, and the vector from one to another, added to any point.
import { shape } from "../../../shared/dom.js";
import { decimal } from "../../../shared/numbers.js";
import { say } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { toPixels } from "../../axes.js";
import { colours, plane, points } from "../../figure.js";
import { overlay } from "../../layers.js";
import { className, model } from "../../models.js";
import { part } from "../../page.js";
import { setLatent } from "../../picture.js";
import { latentHere } from "../../place.js";
import { project } from "../../plane.js";
import { state } from "../../state.js";
import { added, arrow, difference } from "./vector.js";

const LED = 1e-3; // in every dimension: nearer than this the cursor is where the slider has led it

/** @type {number[] | null} the latent that the vector is added to */
let based = null;
/** @type {number[] | null} where the slider has led */
let led = null;

const isOpen = () => state.tool === "direction";
const strength = () => Number(part("strength", HTMLInputElement).value);

/** @param {"from" | "to"} role */
const label = (role) => Number(part(role, HTMLSelectElement).value);

/** @param {"from" | "to"} role */
const centroid = (role) => model().centroids[label(role)] ?? plane.origin;

const along = () => difference(centroid("from"), centroid("to"));

function drawChoices() {
  const { centroids, class_names: names } = model();
  const labels = [...names.keys()].filter((one) => centroids[one]);
  ["from", "to"].forEach((role, i) => {
    const select = part(role, HTMLSelectElement);
    const before = select.value;
    select.replaceChildren(...labels.map((one) => new Option(names[one], String(one))));
    const fits = before !== "" && labels.includes(Number(before));
    select.value = fits ? before : String(labels[Math.min(i, labels.length - 1)]);
  });
}

function drawCentroids() {
  if (!isOpen() || !points.x.length) return overlay("direction", null);
  const start = based ?? latentHere();
  const ends = start ? [start, added(start, along())].map((z) => project(z, plane)) : null;
  overlay("direction", () => [...model().centroids.flatMap(mark), ...(ends ? drawArrow(ends) : [])]);
}

/** @param {number[] | null} centre @param {number} of */
function mark(centre, of) {
  if (!centre || state.hidden.has(of)) return [];
  const [cx, cy] = toPixels(project(centre, plane));
  return [shape("circle", { cx, cy, r: 7, class: "centroid", style: `fill: ${colours[of]}`, "data-label": of })];
}

/** @param {number[][]} ends */
function drawArrow([from, to]) {
  const d = arrow(toPixels(from), toPixels(to));
  return [shape("path", { d, class: "casing" }), shape("path", { d, class: "line", "data-line": "direction" })];
}

function tell() {
  const [from, to] = /** @type {const} */ (["from", "to"]).map((role) => className(label(role)));
  const length = decimal(Math.hypot(...along()), 2);
  const words = say("direction.words", { strength: decimal(strength(), 2), from, to, length });
  part("direction-words").textContent = label("from") === label("to") ? say("direction.same") : words;
  part("at-from").textContent = say("direction.at-mean-of", { name: from });
}

function lead() {
  based ??= latentHere();
  if (!based) return;
  led = added(based, along(), strength());
  setLatent(led);
  tell();
}

function restart() {
  based = led = null;
  part("strength", HTMLInputElement).value = "0";
  tell();
  drawCentroids();
}

function begin() {
  if (!isOpen()) return;
  drawChoices();
  restart();
}

/** @type {import("../../hooks.js").Tool} */
export const direction = {
  name: "direction",
  icon: "M4 16L15.5 4.5M9.5 4.5h6v6",
  mount() {
    part("strength").oninput = lead;
    part("strength").onchange = remember;
    part("at-from").onclick = () => {
      setLatent(centroid("from"));
      restart();
      remember();
    };
    part("no-strength").onclick = () => {
      if (based) setLatent(based);
      restart();
      remember();
    };
    for (const role of ["from", "to"]) {
      part(role).onchange = () => {
        if (based) lead();
        else tell();
        drawCentroids();
      };
    }
  },
  opened: begin,
  closed: drawCentroids,
  shown: begin,
  moved() {
    if (!isOpen()) return;
    const z = latentHere();
    if (z && led && z.every((value, d) => Math.abs(value - (led?.[d] ?? Infinity)) < LED)) drawCentroids();
    else restart(); // a hand has moved the cursor: the vector starts there
  },
  cleared() {
    based = led = null;
    overlay("direction", null);
  },
};
