// How the map formed: the points of some moments of the training, and what lies between them.
import { floats } from "../../../shared/bytes.js";
import { blank } from "../../../shared/canvas.js";
import { extent, path, scale } from "../../../shared/curve.js";
import { shape } from "../../../shared/dom.js";
import { decimal, grouped } from "../../../shared/numbers.js";
import { say } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { ask } from "../../ask.js";
import { isDrawn, isVisible, linear, size } from "../../axes.js";
import { colours, points } from "../../figure.js";
import { part, root } from "../../page.js";
import { subject } from "../../place.js";
import { state, watch } from "../../state.js";
import { between } from "./moments.js";

const SECONDS = 8; // that it plays
const CURVE = { left: 4, right: 256, top: 8, bottom: 104 };

/**
 * @typedef {object} Formation as the server tells it
 * @property {number[]} shape moments and points
 * @property {number[]} steps of training at each moment
 * @property {number} steps_per_epoch
 * @property {{ loss: number[], reconstruction: number[], test_reconstruction: number[] }} losses of each epoch
 * @property {string} values base64 of float32: x and y of each point at each moment
 */

/** @type {(Formation & { places: Float32Array }) | null} */
let formed = null;
let playing = 0; // the animation's number, 0 while it rests
let turn = 0;

const isOpen = () => state.tool === "history";
const last = () => (formed ? formed.shape[0] - 1 : 0);
const moment = () => Number(part("history-at", HTMLInputElement).value);

/** @param {number} at */
function setMoment(at) {
  part("history-at", HTMLInputElement).value = String(at);
}

async function open() {
  if (formed) return show();
  const mine = ++turn;
  part("history-words").textContent = say("history.fetching");
  try {
    /** @type {Formation} */
    const told = await ask("formation", subject());
    if (mine !== turn) return;
    formed = { ...told, places: floats(told.values) };
    part("history-at", HTMLInputElement).max = String(last());
    setMoment(state.moment ?? last());
    const counts = { points: grouped(formed.shape[1]), moments: formed.shape[0] };
    part("history-note").textContent = say("history.note", counts);
    drawCurve();
    show();
  } catch (error) {
    if (mine === turn) part("history-words").textContent = error instanceof Error ? error.message : String(error);
  }
}

function show() {
  root.classList.toggle("forming", isOpen() && formed !== null);
  drawForming();
  if (!isOpen() || !formed) return;
  const at = moment();
  state.moment = at < last() ? at : null;
  const reached = between(formed.steps, at);
  const epoch = reached / formed.steps_per_epoch;
  const epochs = formed.losses.loss.length;
  const loss = Number(formed.losses.reconstruction[Math.min(Math.floor(epoch), epochs - 1)].toPrecision(4));
  const step = grouped(Math.round(reached));
  part("history-words").textContent = say("history.words", { step, epoch: decimal(epoch, 1), epochs, loss });
  root.dataset.moment = String(at);
  part("curve", SVGElement)
    .querySelector(".now")
    ?.setAttribute("transform", `translate(${curveX(epoch)} 0)`);
}

function drawForming() {
  const context = blank(part("forming", HTMLCanvasElement), ...size());
  if (!isOpen() || !formed || !isDrawn()) return;
  const { places, shape: counts } = formed;
  const [count, length] = counts;
  const before = Math.floor(moment());
  const share = moment() - before;
  const [first, second] = [before, Math.min(before + 1, count - 1)].map((i) => 2 * i * length);
  const [[x0, dx], [y0, dy]] = linear();
  context.globalAlpha = 0.8;
  points.index.forEach((index, row) => {
    if (index >= length || !isVisible(row)) return;
    const x = places[first + 2 * index] * (1 - share) + places[second + 2 * index] * share;
    const y = places[first + 2 * index + 1] * (1 - share) + places[second + 2 * index + 1] * share;
    context.fillStyle = colours[points.label[row]];
    context.fillRect(x0 + dx * x - 2, y0 + dy * y - 2, 4, 4);
  });
}

// --- the loss curve ---

/** @param {number} epoch */
function curveX(epoch) {
  const epochs = formed?.losses.loss.length ?? 1;
  return scale([0, epochs], [CURVE.left, CURVE.right])(Math.min(epoch, epochs));
}

function drawCurve() {
  if (!formed) return;
  const { reconstruction, test_reconstruction: test } = formed.losses;
  const [low, high] = extent([reconstruction, test]);
  const y = scale([low, high], [CURVE.bottom, CURVE.top]);
  /** @param {number[]} losses @param {string} kind */
  const line = (losses, kind) => shape("polyline", { class: kind, points: path(losses, curveX, y).join(" ") });
  const below = 117;
  const epoch = say("history.epoch", { epoch: reconstruction.length });
  part("curve", SVGElement).replaceChildren(
    shape("path", { class: "frame", d: `M${CURVE.left} ${CURVE.top}V${CURVE.bottom}H${CURVE.right}` }),
    line(reconstruction, "train"),
    line(test, "test"),
    shape("text", { x: CURVE.left + 4, y: CURVE.top + 6 }, high.toPrecision(3)),
    shape("text", { x: CURVE.right, y: below, "text-anchor": "end" }, epoch),
    shape("text", { x: CURVE.left, y: below }, say("history.lowest", { loss: low.toPrecision(3) })),
    shape("line", { class: "now", y1: CURVE.top, y2: CURVE.bottom }),
  );
}

// --- playing ---

function play() {
  if (playing || !formed) return stop();
  const end = last();
  const from = moment() >= end ? 0 : moment();
  const begin = performance.now();
  part("history-play").textContent = say("history.pause");
  /** @param {number} now */
  const frame = (now) => {
    const at = Math.min(from + ((now - begin) / 1000 / SECONDS) * end, end);
    setMoment(at);
    show();
    if (at >= end) stop();
    else playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
}

function stop() {
  cancelAnimationFrame(playing);
  playing = 0;
  part("history-play").textContent = say("history.play");
}

/** @type {import("../../hooks.js").Tool} */
export const history = {
  name: "history",
  icon: "M3.5 10a6.5 6.5 0 106.5-6.5c-2.3 0-4.3 1.2-5.5 3M4.5 3.5v3h3M10 6.5V10l2.5 2",
  mount() {
    part("history-play").onclick = play;
    part("history-at").oninput = () => {
      stop();
      if (formed) show();
    };
    part("history-at").onchange = remember;
    watch("hidden", drawForming);
  },
  opened: open,
  closed() {
    stop();
    show();
  },
  viewed: drawForming,
  shown() {
    if (isOpen()) open();
  },
  cleared() {
    turn += 1;
    stop();
    formed = null;
    root.classList.remove("forming");
    drawForming();
    for (const role of ["history-words", "history-note"]) part(role).textContent = "";
    part("curve", SVGElement).replaceChildren();
  },
};
