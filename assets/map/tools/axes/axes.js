// A slider for each latent dimension, and which plane of them the map shows.
import { make, shape } from "../../../shared/dom.js";
import { decimal } from "../../../shared/numbers.js";
import { say, sentences } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { toPixels } from "../../axes.js";
import { at, plane, points, rowOf } from "../../figure.js";
import { overlay } from "../../layers.js";
import { openMap } from "../../maps.js";
import { dimensions, model } from "../../models.js";
import { part } from "../../page.js";
import { setLatent } from "../../picture.js";
import { latentHere, rowHere } from "../../place.js";
import { state } from "../../state.js";

/** @typedef {{ row: HTMLElement, slider: HTMLInputElement, value: HTMLOutputElement, d: number }} Dimension */

/** @type {number[] | null} test points that were clicked for a plane, while some are still to come */
let corners = null;
/** @type {Dimension[]} */
let rows = [];

const isOpen = () => state.tool === "axes";

function note() {
  if (dimensions() === 2) return say("axes.both");
  if (corners) return say("axes.corners", { count: corners.length });
  const unused = model().active.filter((used) => !used).length;
  const [across, up] = (state.plane ?? "").split("-");
  const kind = !state.plane ? "principal" : across.startsWith("z") ? "pair" : "three";
  const used = unused ? say("axes.unused", { unused, dimensions: dimensions() }) : say("axes.all-used");
  return sentences(say(`axes.shown.${kind}`, { across, up }), used);
}

/** @param {string | null} name */
async function showPlane(name) {
  const place = rowHere() >= 0 ? { point: state.point } : { z: latentHere() ?? plane.origin };
  corners = null;
  await openMap(state.model, place, name);
  remember();
}

function showChoice() {
  part("three").setAttribute("aria-pressed", String(corners !== null));
  part("axes-note").textContent = note();
}

function drawRows() {
  const { order } = model();
  const named = /^z(\d+)-z(\d+)$/.exec(state.plane ?? "");
  part("plane-row").hidden = dimensions() === 2;
  part("principal", HTMLButtonElement).disabled = !state.plane;
  showChoice();
  ["across", "up"].forEach((role, i) => {
    const choices = order.map((d) => new Option(`z${d}`, String(d)));
    part(role, HTMLSelectElement).replaceChildren(...(named ? [] : [new Option("–", "")]), ...choices);
    part(role, HTMLSelectElement).value = named?.[i + 1] ?? "";
  });
  rows = order.map(dimensionRow);
  part("dims").replaceChildren(...rows.map(({ row }) => row));
}

/** @param {number} d @returns {Dimension} */
function dimensionRow(d) {
  const { variance, mean, variational, active } = model();
  const deviation = Math.sqrt(variance[d]);
  const reach = Math.max(4 * deviation, variational ? 3 : 0.1 * Math.sqrt(Math.max(...variance)));
  const slider = make("input", { type: "range", min: mean[d] - reach, max: mean[d] + reach, step: reach / 500 });
  const value = make("output");
  const name = make("span", {}, `z${d}`, ...(active[d] ? [] : [make("small", {}, say("axes.row.unused"))]));
  const row = make(
    "label",
    { title: say("axes.row.title", { deviation: decimal(deviation, 3) }) },
    name,
    slider,
    value,
  );
  row.dataset.dimension = String(d);
  row.classList.toggle("unused", !active[d]);
  slider.oninput = () => {
    const z = latentHere();
    if (z) setLatent(z.map((old, i) => (i === d ? Number(slider.value) : old)));
  };
  slider.onchange = remember;
  return { row, slider, value, d };
}

function follow() {
  const z = isOpen() ? latentHere() : null;
  if (!z) return;
  for (const { slider, value, d } of rows) {
    const far = Math.abs(Number(slider.value) - z[d]) > 2 * Number(slider.step);
    if (slider !== document.activeElement || far) slider.value = String(z[d]);
    value.textContent = decimal(z[d], 2);
  }
}

function chooseAxes() {
  const [across, up] = ["across", "up"].map((role) => part(role, HTMLSelectElement).value);
  if (across !== "" && across === up) part("axes-note").textContent = say("axes.same");
  else if (across !== "" && up !== "") showPlane(`z${across}-z${up}`);
}

function drawCorners() {
  const ofPlane = state.plane?.startsWith("p") ? state.plane.split("-").map((name) => Number(name.slice(1))) : [];
  const chosen = corners ?? ofPlane;
  const draw = () =>
    chosen.flatMap((point, i) => {
      const [x, y] = toPixels(at(rowOf(point)));
      const spot = shape("circle", { cx: x, cy: y, r: 9, class: "spot" });
      return [spot, shape("text", { x, y: y + 4, class: "number" }, i + 1)];
    });
  overlay("axes", chosen.length ? draw : null);
}

function drawAll() {
  if (!isOpen()) return;
  drawRows();
  drawCorners();
  follow();
}

/** @type {import("../../hooks.js").Tool} */
export const axes = {
  name: "axes",
  icon: "M3 5.5h14M3 10h14M3 14.5h14M7 4v3M13 8.5v3M9 13v3",
  mount() {
    for (const role of ["across", "up"]) part(role).onchange = chooseAxes;
    part("principal").onclick = () => showPlane(null);
    part("three").onclick = () => {
      corners = corners ? null : [];
      showChoice();
      drawCorners();
    };
  },
  opened: drawAll,
  closed() {
    corners = null;
    overlay("axes", null);
  },
  moved: follow,
  shown: drawAll,
  cleared: () => overlay("axes", null),
  click(row) {
    if (!corners || row < 0 || corners.includes(points.index[row])) return;
    corners.push(points.index[row]);
    part("axes-note").textContent = note();
    drawCorners();
    if (corners.length === 3) showPlane(corners.map((point) => `p${point}`).join("-"));
  },
};
