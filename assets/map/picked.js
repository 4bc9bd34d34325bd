// The test point that was picked: asked for, and shown beside its reconstruction.
import { fromBase64 } from "../shared/bytes.js";
import { paint } from "../shared/canvas.js";
import { make } from "../shared/dom.js";
import { decimal } from "../shared/numbers.js";
import { say, translated } from "../shared/texts.js";
import { each } from "./hooks.js";
import { inClass } from "./models.js";
import { notify, part, props, trigger } from "./page.js";
import { pointLatents } from "./place.js";
import { state } from "./state.js";

/**
 * @typedef {object} Picked as ui/map/component.py's `describe` has it; pixels are base64 of grey bytes
 * @property {string} model
 * @property {number} point
 * @property {string} label
 * @property {number[]} latents
 * @property {number} width
 * @property {number} height
 * @property {string} reconstruction
 * @property {string | null} original
 * @property {string} note
 */

/** Ask for the point under the cursor, if it stands on one. */
export function pick() {
  showPicked(null);
  if (state.point === null) return;
  part("picked").textContent = say("point.coming", { point: state.point });
  part("hint").textContent = "";
  const told = props.value?.model === state.model && props.value.point === state.point;
  if (told) receive();
  // The same answer again would not be told: an unchanged value changes nothing.
  if (!told || !props.value.original) trigger("pick", { model: state.model, point: state.point });
}

function receive() {
  const answer = props.value;
  if (answer?.error) notify(translated(answer.error));
  else if (answer && answer.model === state.model) {
    pointLatents.set(answer.point, answer.latents); // also of a point picked before the last one
    if (answer.point === state.point) showPicked(answer);
    each("moved"); // now it is known where the cursor stands
  }
}

/** @param {Picked | null} answer */
export function showPicked(answer) {
  part("pair").hidden = !answer;
  part("latents").replaceChildren();
  if (!answer) {
    part("picked").textContent = say("point.none");
    part("hint").textContent = say("point.invitation");
    return;
  }
  part("picked").textContent = say("point.picked", { name: inClass(answer.label), point: answer.point });
  part("hint").textContent = translated(answer.note);
  const { width, height, original, reconstruction, latents } = answer;
  for (const [role, pixels] of Object.entries({ original, reconstruction })) {
    const canvas = part(role, HTMLCanvasElement);
    /** @type {HTMLElement} */ (canvas.parentElement).hidden = !pixels;
    if (pixels) paint(canvas, fromBase64(pixels), width, height);
  }
  const largest = Math.max(...latents.map(Math.abs), 1e-9);
  part("latents").classList.toggle("many", latents.length > 8);
  part("latents").append(...latents.map((value, i) => latentRow(i, value, largest)));
}

/** @param {number} i @param {number} value @param {number} largest */
function latentRow(i, value, largest) {
  const share = (50 * Math.abs(value)) / largest;
  const bar = make("b");
  Object.assign(bar.style, { width: `${share}%`, left: `${value < 0 ? 50 - share : 50}%` });
  return make("div", {}, make("span", {}, `z${i}`), make("i", {}, bar), make("span", {}, decimal(value, 2)));
}

/** @param {import("./page.js").Component["watch"]} watch */
export function mountPicked(watch) {
  watch("value", receive);
}
