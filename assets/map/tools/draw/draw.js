// The visitor's own image: where on the map lands what is on the sketch pad.
import { fromBase64 } from "../../../shared/bytes.js";
import { paint } from "../../../shared/canvas.js";
import { shape } from "../../../shared/dom.js";
import { decimal } from "../../../shared/numbers.js";
import { say, sentences } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { asking } from "../../ask.js";
import { bringIntoView, linear, size, toPixels } from "../../axes.js";
import { bars, likeliest } from "../../bars.js";
import { endFlight } from "../../flight.js";
import { cased, overlay } from "../../layers.js";
import { dimensions, distanceSpace, named } from "../../models.js";
import { NEIGHBOURS, showNear } from "../../neighbours.js";
import { part, root } from "../../page.js";
import { setLatent } from "../../picture.js";
import { subject } from "../../place.js";
import { state } from "../../state.js";
import { ellipse } from "./ellipse.js";
import { greySketch, isSketched, mountSketch, SENT } from "./sketch.js";

const PAUSE = 80; // milliseconds from one question to the next while drawing
const ON_MARK = 1e-3; // on the map: nearer than this the cursor stands on the mark

/**
 * @typedef {object} Own as the server tells of the visitor's image, besides what is near it
 * @property {string} image as the data look; base64 of grey bytes
 * @property {string} reconstruction
 * @property {number} error of the reconstruction, in times the test images' own
 * @property {number[]} z
 * @property {number[]} xy
 * @property {number[][] | null} covariance on the map; null from a plain autoencoder
 * @property {number[] | null} own_classes what the classifier sees in the image
 * @property {number[] | null} classes and in its reconstruction
 */

/** @type {(Own & import("../../neighbours.js").Near) | null} the answer about what is on the pad */
let told = null;
let isDue = false; // a question at the next frame
let isReady = false; // whether the map to ask about is shown

const isOpen = () => state.tool === "draw";

const questions = asking(
  "own",
  show,
  (sentence) => {
    clear();
    part("own-note").textContent = sentence;
  },
  PAUSE,
);

// --- the question, and what is shown of its answer ---

function askSoon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (!isSketched() || !isReady) return;
    questions.ask({ ...subject(), width: SENT, height: SENT, pixels: greySketch(), k: NEIGHBOURS });
  });
}

function clear() {
  told = null;
  part("own-outcome").hidden = true;
  part("own-note").textContent = isSketched() ? "" : say("draw.invitation");
  for (const role of ["own-image", "own-reconstruction"]) Object.assign(part(role), { width: 1, height: 1 }); // which clears it
  part("own-made").classList.remove("made");
  drawMarks();
}

/** @param {NonNullable<typeof told>} answer */
function show(answer) {
  told = answer;
  const [height, width] = answer.shape.slice(-2);
  paint(part("own-image", HTMLCanvasElement), fromBase64(answer.image), width, height);
  paint(part("own-reconstruction", HTMLCanvasElement), fromBase64(answer.reconstruction), width, height);
  part("own-made").classList.add("made");
  part("own-note").textContent = "";
  part("own-outcome").hidden = false;
  showError(answer.error);
  showSeen(answer);
  showNear(part("own-near"), answer);
  const where = say(`draw.where.${distanceSpace()}`, { dimensions: dimensions() });
  part("own-where").textContent = sentences(where, answer.covariance && say("draw.sigmas"));
  if (!isOpen()) return;
  endFlight();
  bringIntoView(answer.xy);
  setLatent(answer.z);
  drawMarks();
  remember();
}

/** How far the image is from those that the model knows. @param {number} error */
function showError(error) {
  const times = decimal(error, error < 9.95 ? 1 : 0);
  const kind = error < 1.5 ? "close" : error < 4 ? "unusual" : "off";
  part("own-words").textContent = say(`draw.${kind}`, { times });
  const share = (Math.log2(Math.max(error, 0.25)) + 2) / 7; // from a quarter to 32 times, by doublings
  part("own-gauge").style.left = `${100 * Math.min(share, 1)}%`;
}

/** @param {Own} answer */
function showSeen({ own_classes: drawn, classes }) {
  const [[name, share]] = classes ? likeliest(classes, 1) : [["", 0]];
  const seen = say("draw.seen", { named: named(name), share: Math.round(100 * share) });
  bars(part("own-classes"), drawn ? likeliest(drawn) : []);
  part("own-seen").textContent = drawn && classes ? seen : say("draw.no-classifier");
}

// --- on the map ---

function marks() {
  if (!told) return [];
  const [cx, cy] = toPixels(told.xy);
  const units = linear().map(([, unit]) => unit);
  const { covariance } = told;
  const ellipses = covariance ? [2, 1].flatMap((sigma) => sigmas(ellipse(covariance, units), [cx, cy], sigma)) : [];
  const beside = Math.max(covariance ? 2 * Math.sqrt(covariance[1][1]) * Math.abs(units[1]) : 0, 4);
  const y = cy + beside + 20 < size()[1] ? cy + beside + 15 : cy - beside - 7;
  const name = shape("text", { x: cx, y, class: "own-name" }, say("draw.yours"));
  return [...ellipses, shape("circle", { cx, cy, r: 4, class: "own-mean", "data-role": "own-mean" }), name];
}

/** @param {ReturnType<typeof ellipse>} one @param {number[]} centre @param {number} sigma how many standard deviations */
function sigmas({ rx, ry, degrees }, [cx, cy], sigma) {
  const transform = `rotate(${degrees} ${cx} ${cy})`;
  return cased("ellipse", { cx, cy, rx: sigma * rx, ry: sigma * ry, transform, "data-sigma": sigma });
}

function drawMarks() {
  overlay("draw", told && isOpen() ? marks : null);
  standOnMark();
}

/** The cursor would cover a small ellipse: where it stands on the mark, the mark stands for both. */
function standOnMark() {
  const isThere = told && isOpen() && Math.hypot(state.x - told.xy[0], state.y - told.xy[1]) < ON_MARK;
  root.classList.toggle("on-own", Boolean(isThere));
}

/** @type {import("../../hooks.js").Tool} */
export const draw = {
  name: "draw",
  icon: "M4 16l.8-3.4L13.5 4 16 6.5l-8.6 8.7zM11.7 5.8l2.5 2.5",
  mount() {
    mountSketch(askSoon, () => {
      questions.drop();
      clear();
    });
  },
  opened() {
    drawMarks();
    if (!told) askSoon();
  },
  closed: drawMarks,
  moved: standOnMark,
  shown() {
    isReady = true;
    if (isOpen()) askSoon();
  },
  cleared() {
    isReady = false;
    questions.drop();
    clear();
  },
};
