// The decoded lattice: pictures of every place in view, under the points.
import { images } from "../../../shared/bytes.js";
import { contextOf, paint } from "../../../shared/canvas.js";
import { make } from "../../../shared/dom.js";
import { say } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { asking } from "../../ask.js";
import { cellsInView, isDrawn } from "../../axes.js";
import { underlay } from "../../layers.js";
import { stepBack } from "../../opacity.js";
import { part, plot } from "../../page.js";
import { surface } from "../../place.js";
import { lit } from "../../rail.js";
import { change, state, watch } from "../../state.js";

const PICTURES = 400; // in view
const MOST = 64; // each way
const PAUSE = 80; // milliseconds from one question to the next

let asked = ""; // for what

const questions = asking("lattice", show, (sentence) => (part("lattice-note").textContent = sentence), PAUSE);

/** @param {import("../../../shared/bytes.js").PackedImages} told @param {number[]} box */
function show(told, box) {
  if (!state.lattice) return;
  const [rows, columns, height, width] = told.shape;
  const image = make("canvas", { width: columns * width, height: rows * height });
  const context = contextOf(image);
  const cell = make("canvas");
  images(told).forEach((pixels, i) => {
    paint(cell, pixels, width, height);
    context.drawImage(cell, (i % columns) * width, Math.floor(i / columns) * height);
  });
  underlay("pictures", { image, box });
  Object.assign(part("pictures").dataset, { rows, columns, box: box.join(" ") });
  part("lattice-note").textContent = say("lattice.note", { columns, rows });
}

function askSoon() {
  const where = state.lattice && isDrawn() && plot.clientWidth ? surface() : null;
  if (!where) return;
  const { box, grid } = cellsInView(PICTURES, MOST);
  const wanted = JSON.stringify([where, grid]);
  if (wanted === asked) return;
  asked = wanted;
  questions.ask({ ...where, ...grid }, box);
}

function drop() {
  questions.drop();
  asked = "";
  underlay("pictures", null);
  delete part("pictures").dataset.box;
}

/** @param {boolean} on */
function turn(on) {
  part("lattice-on", HTMLInputElement).checked = on;
  lit("lattice", on);
  drop();
  if (!on) part("lattice-note").textContent = "";
  stepBack(on);
  askSoon();
}

/** @type {import("../../hooks.js").Tool} */
export const lattice = {
  name: "lattice",
  icon: "M3 3h14v14H3zM3 7.7h14M3 12.3h14M7.7 3v14M12.3 3v14",
  mount() {
    const toggle = part("lattice-on", HTMLInputElement);
    const opacity = part("lattice-opacity", HTMLInputElement);
    toggle.onchange = () => {
      change({ lattice: toggle.checked });
      remember();
    };
    opacity.oninput = () => (part("pictures").style.opacity = String(Number(opacity.value) / 100));
    watch("lattice", turn);
  },
  viewed: askSoon,
  moved: askSoon,
  shown: askSoon,
  cleared: drop,
};
