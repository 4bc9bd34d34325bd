import { blank } from "../shared/canvas.js";
import { extent, path, roundTop, scale } from "../shared/curve.js";
import { make, style } from "../shared/dom.js";
import { decimal } from "../shared/numbers.js";
import { say } from "../shared/texts.js";
import { begun } from "./training.js";

/**
 * @typedef {import("./training.js").Training} Training
 * @typedef {(value: number) => number} Scale
 */

const CURVES = /** @type {const} */ ([
  ["reconstruction", "training", "--accent"],
  ["test_reconstruction", "test", "--test"],
  ["kl", "kl", "--kl"],
]);
const LEFT = 26; // pixels for what stands beside the axes
const BOTTOM = 18;
const EMPTY_TOP = 40; // nats, before there are losses
const DOT = 3;

/**
 * The losses by epoch.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Pick<Training, "progress" | "epochs">} training
 */
export function drawLosses(canvas, { progress, epochs }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width) return;
  const context = blank(canvas, width, height);
  const losses = begun(progress)?.losses;
  const top = roundTop(losses ? Math.max(extent(Object.values(losses))[1], 1) : EMPTY_TOP);
  const x = scale([1, epochs], [LEFT + 4, width - 4]);
  const y = scale([0, top], [height - BOTTOM, 6]);
  drawAxes(context, x, y, top, epochs, width);
  Object.assign(context, { lineWidth: 2, lineJoin: "round" });
  for (const [key, , colour] of CURVES) {
    const values = losses?.[key] ?? [];
    context.strokeStyle = context.fillStyle = style(canvas, colour);
    context.beginPath();
    for (const place of path(values, x, y)) context.lineTo(...place);
    context.stroke();
    if (!values.length) continue;
    context.beginPath();
    context.arc(x(values.length), y(values.at(-1) ?? 0), DOT, 0, 2 * Math.PI);
    context.fill();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Scale} x
 * @param {Scale} y
 * @param {number} top
 * @param {number} epochs
 * @param {number} width
 */
function drawAxes(context, x, y, top, epochs, width) {
  Object.assign(context, {
    font: "11px ui-sans-serif, system-ui, sans-serif",
    fillStyle: style(context.canvas, "--body-text-color-subdued"),
    strokeStyle: style(context.canvas, "--border-color-primary"),
    lineWidth: 1,
    textAlign: "right",
    textBaseline: "middle",
  });
  for (const loss of [0, top / 2, top]) {
    const level = Math.round(y(loss)) + 0.5;
    context.beginPath();
    context.moveTo(LEFT, level);
    context.lineTo(width, level);
    context.stroke();
    context.fillText(String(loss), LEFT - 5, level);
  }
  context.textBaseline = "top";
  if (epochs > 1) context.fillText(String(epochs), x(epochs) + 4, y(0) + 5);
  context.textAlign = "left";
  context.fillText(say("train.loss.first"), LEFT, y(0) + 5);
}

/**
 * Each curve's colour, name and last loss.
 *
 * @param {HTMLElement} list
 * @param {Training["progress"]} progress
 */
export function drawNumbers(list, progress) {
  const losses = begun(progress)?.losses;
  const entries = CURVES.map(([key, name, colour]) => {
    const last = losses?.[key].at(-1);
    const mark = make("i", { style: `background: var(${colour})` });
    const number = typeof last === "number" ? decimal(last, 2) : "–";
    const term = make("dt", {}, mark, say(`train.loss.${name}`));
    return make("div", {}, term, make("dd", { textContent: number }));
  });
  list.replaceChildren(...entries);
}
