// How far to trust a place: a heat map over the plane, and the same in words for the cursor.
import { floats, fromBase64 } from "../../../shared/bytes.js";
import { contextOf } from "../../../shared/canvas.js";
import { choose, make, radios } from "../../../shared/dom.js";
import { decimal } from "../../../shared/numbers.js";
import { say, sayIf, sentences } from "../../../shared/texts.js";
import { aboutSoon } from "../../about.js";
import { remember } from "../../address.js";
import { asking } from "../../ask.js";
import { cellsInView, isDrawn } from "../../axes.js";
import { bars, likeliest } from "../../bars.js";
import { colours } from "../../figure.js";
import { underlay } from "../../layers.js";
import { className, dimensions, model, named } from "../../models.js";
import { stepBack } from "../../opacity.js";
import { part, plot } from "../../page.js";
import { surface } from "../../place.js";
import { lit } from "../../rail.js";
import { change, state, watch } from "../../state.js";
import { colourOf, levels, SHARES, STOPS } from "./heat.js";

const CELLS = 800;
const MOST = 40; // each way
const PAUSE = 80; // milliseconds from one question to the next

/**
 * @typedef {object} Told by the server of a heat map
 * @property {string} values base64 of float32
 * @property {string} [labels] base64 of a byte each: the likeliest classes
 * @property {number[]} shape
 * @property {number} [typical]
 */

let asked = ""; // for what

const questions = asking("trust_map", show, (sentence) => (part("trust-note").textContent = sentence), PAUSE);

/** @param {Told} told @param {{ box: number[], kind: string }} asked */
function show(told, { box, kind }) {
  if (kind !== state.heat) return;
  const labels = told.labels && fromBase64(told.labels);
  const [rows, columns] = told.shape;
  const filled = new ImageData(columns, rows);
  const scale = { dimensions: dimensions(), typical: told.typical };
  floats(told.values).forEach((value, i) => {
    const seen = labels ? [...levels(colours[labels[i]]), 40 + 200 * value ** 2] : colourOf(SHARES[kind](value, scale));
    filled.data.set(seen, 4 * i);
  });
  const image = make("canvas", { width: columns, height: rows });
  contextOf(image).putImageData(filled, 0, 0);
  underlay("heat", { image, box });
  Object.assign(part("heat").dataset, { kind, rows, columns, box: box.join(" ") });
  part("trust-note").textContent = "";
}

function askSoon() {
  const where = state.heat && isDrawn() && plot.clientWidth ? surface() : null;
  if (!where) return;
  const { box, grid } = cellsInView(CELLS, MOST);
  const wanted = JSON.stringify([where, grid, state.heat]);
  if (wanted === asked) return;
  asked = wanted;
  questions.ask({ ...where, ...grid, kind: state.heat }, { box, kind: state.heat });
}

/** @param {string} kind */
function turn(kind) {
  choose(part("trust-kind"), kind);
  asked = "";
  questions.drop();
  lit("trust", kind !== "");
  part("trust-what").textContent = say(`trust.${kind || "off"}.what`);
  part("trust-scale").hidden = !SHARES[kind];
  for (const end of ["low", "high"]) part(`scale-${end}`).textContent = sayIf(`trust.${kind}.${end}`, "");
  underlay("heat", null);
  delete part("heat").dataset.kind;
  stepBack(kind !== "");
  askSoon();
}

/**
 * What `about` says of the cursor's place, in words.
 * @param {{ distance: number, gap: number, drift: number, classes: number[] | null }} told
 */
function words({ distance, gap, drift, classes }) {
  const best = classes ? classes.indexOf(Math.max(...classes)) : -1;
  return sentences(
    say(distance > gap ? "trust.far" : "trust.close", { distance: decimal(distance, 2) }),
    say("trust.moves", { drift: decimal(drift, 2) }),
    classes && say("trust.sure", { share: Math.round(100 * classes[best]), named: named(className(best)) }),
  );
}

function drawScale() {
  const stops = STOPS.map(([red, green, blue, alpha]) => `rgba(${red},${green},${blue},${(alpha / 255).toFixed(2)})`);
  const scale = /** @type {HTMLElement} */ (part("trust-scale").querySelector("i"));
  scale.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
}

/** @type {import("../../hooks.js").Tool} */
export const trust = {
  name: "trust",
  icon: "M10 2.5l6.5 2.3v4.7c0 3.9-2.7 6.7-6.5 8-3.8-1.3-6.5-4.1-6.5-8V4.8zM7 10l2.2 2.2L13.2 8",
  mount() {
    for (const radio of radios(part("trust-kind"))) {
      radio.onchange = () => {
        change({ heat: radio.value });
        remember();
      };
    }
    const opacity = part("trust-opacity", HTMLInputElement);
    opacity.oninput = () => (part("heat").style.opacity = String(Number(opacity.value) / 100));
    part("heat").style.opacity = "0.8";
    drawScale();
    watch("heat", turn);
    turn(state.heat);
  },
  opened: aboutSoon,
  viewed: askSoon,
  moved: askSoon,
  shown() {
    const prior = radios(part("trust-kind")).find(({ value }) => value === "prior");
    /** @type {HTMLElement} */ (prior?.closest("label")).hidden = !model().variational;
    if (state.heat === "prior" && !model().variational) change({ heat: "" });
    askSoon();
  },
  about(told) {
    part("trust-words").textContent = words(told);
    bars(part("trust-classes"), told.classes ? likeliest(told.classes) : []);
  },
  notAbout(sentence) {
    part("trust-note").textContent = sentence;
  },
  cleared() {
    questions.drop();
    asked = "";
    underlay("heat", null);
    part("trust-words").textContent = "";
    part("trust-classes").replaceChildren();
  },
};
