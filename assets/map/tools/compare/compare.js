// Another map of the same test images beside this one: their cursors stand on the same image.
import { floats } from "../../../shared/bytes.js";
import { paint } from "../../../shared/canvas.js";
import { ARROWS, placeIn, shape } from "../../../shared/dom.js";
import { decimal } from "../../../shared/numbers.js";
import { say } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { ask } from "../../ask.js";
import { isDrawn, nearestHere, toPixels } from "../../axes.js";
import { at, points, rowOf } from "../../figure.js";
import { FrameSource } from "../../frames.js";
import { overlay } from "../../layers.js";
import { className, model, others, titleParts } from "../../models.js";
import { base, notify, pad, part, root } from "../../page.js";
import { pick } from "../../picked.js";
import { moveTo } from "../../picture.js";
import { rowHere } from "../../place.js";
import { lit } from "../../rail.js";
import { change, state, watch } from "../../state.js";
import { Scatter } from "./scatter.js";

const TSNE = "tsne"; // in the place of a model's name
const HOVER_RADIUS = 8; // pixels
const RETRY = 30; // milliseconds

/** @typedef {{ model: string, x: number, y: number, point: number | null }} Place */

/** @type {Scatter} */
let map;
/** @type {FrameSource} */
let source;
/** @type {HTMLElement} */
let otherPad;
/** @type {Place | null} to be asked for */
let next = null;
let sent = "";
let leads = false; // whether the hand is on the other map
let turn = 0;
/** @type {Promise<void>} until what was chosen is there */
let showing = Promise.resolve();

const title = () => (state.other === TSNE ? say("compare.tsne") : titleParts(model(state.other)).slice(1).join(" · "));

function drawChoices() {
  const maps = others().map((other) => new Option(other.title, other.name));
  const nothing = new Option(say("compare.nothing"), "");
  part("other", HTMLSelectElement).replaceChildren(nothing, ...maps, new Option(say("compare.tsne.choice"), TSNE));
  part("other", HTMLSelectElement).value = state.other;
}

/** @param {string} name */
async function show(name) {
  const mine = ++turn;
  drawChoices();
  root.classList.toggle("comparing", name !== "");
  part("other-frame").hidden = name === "";
  part("other-picture").hidden = name === "" || name === TSNE;
  part("compare-words").textContent = name ? say("compare.fetching") : "";
  lit("compare", name !== "");
  if (!name) return;
  try {
    const other = name === TSNE ? {} : { other: name };
    const told = await ask(name === TSNE ? "tsne" : "beside", { model: state.model, ...other });
    if (mine !== turn) return;
    part("other-title").textContent = title();
    part("compare-words").textContent = words(told);
    map.show(floats(told.values));
    follow();
  } catch (error) {
    if (mine !== turn) return;
    change({ other: "" });
    part("compare-words").textContent = error instanceof Error ? error.message : String(error);
  }
}

/** @param {{ shared?: number, chance: number }} told of the ten nearest neighbours, which share both maps have */
function words({ shared, chance }) {
  if (shared === undefined) return say("compare.tsne.words");
  return say("compare.words", { shared: decimal(10 * shared, 1), chance: decimal(10 * chance, 2) });
}

/** The image at the main cursor, marked on the other map, and decoded from there. */
function follow() {
  if (!state.other || !map.places.length || leads || !isDrawn()) return;
  const row = rowHere() < 0 ? nearestHere() : rowHere();
  if (row < 0) return;
  const index = points.index[row];
  place(map.at(index), index, say("compare.caption", { name: className(points.label[row]), point: index }));
}

/** @param {number[]} to @param {number | null} index @param {string} caption */
function place([x, y], index, caption) {
  const [px, py] = map.toPixels([x, y]);
  Object.assign(part("other-cursor").style, { transform: `translate3d(${px}px, ${py}px, 0)`, visibility: "visible" });
  Object.assign(part("other-frame").dataset, { x, y, point: index ?? "" });
  part("other-caption").textContent = caption;
  if (state.other === TSNE) return;
  next = { model: state.other, x, y, point: index };
  requestAnimationFrame(send);
}

/** @param {import("../../frames.js").Frame} frame */
function receive({ pixels, width, height }) {
  const canvas = part("other-decoded", HTMLCanvasElement);
  paint(canvas, pixels, width, height);
  canvas.dataset.place = sent;
  if (next) send();
}

function send() {
  source ??= new FrameSource(base, receive, notify, () => {});
  if (!next) return;
  if (!source.ready || source.connecting) return void setTimeout(send, RETRY);
  sent = Object.values(next).join(" ");
  source.request(next);
  next = null;
}

/** A hand on the other map leads: the nearest image there is where the main cursor goes. @param {number[]} pixels */
function lead(pixels) {
  const index = map.nearest(pixels);
  const row = rowOf(index);
  if (row < 0) return;
  const [x, y] = state.other === TSNE ? map.at(index) : map.toPlace(pixels);
  place([x, y], null, say("compare.caption.place", { x: decimal(x, 2), y: decimal(y, 2) }));
  moveTo(at(row), index);
}

/** Hovered there, ringed here. @param {number} index or -1 */
function ringHere(index) {
  const row = rowOf(index);
  const ring = () => {
    const [cx, cy] = toPixels(at(row));
    return [shape("circle", { cx, cy, r: 9, class: "ring-here" })];
  };
  overlay("compare", row < 0 ? null : ring);
}

/** Hovered here, ringed there. @param {number | null} index */
function ringThere(index) {
  const ring = part("other-ring");
  ring.hidden = index === null || !state.other || !map.size;
  if (index !== null && !ring.hidden) ring.style.transform = `translate(${map.toPixels(map.at(index)).join("px, ")}px)`;
}

/** @param {PointerEvent} event */
function down(event) {
  if (event.button !== 0 || !map.size) return;
  otherPad.setPointerCapture(event.pointerId);
  leads = true;
  lead(placeIn(event, otherPad));
}

/** @param {PointerEvent} event */
function move(event) {
  if (!map.size) return;
  const at = placeIn(event, otherPad);
  if (otherPad.hasPointerCapture(event.pointerId)) lead(at);
  else ringHere(map.nearest(at, HOVER_RADIUS));
}

function release() {
  if (!leads) return;
  pick();
  remember();
}

/** @param {KeyboardEvent} event */
function key(event) {
  const step = ARROWS[event.key];
  if (!step || !map.size) return;
  event.preventDefault();
  leads = true;
  const { x, y } = part("other-frame").dataset;
  const [px, py] = map.toPixels([Number(x), Number(y)]);
  const by = event.shiftKey ? 24 : 4;
  lead([px + step[0] * by, py - step[1] * by]);
}

function listen() {
  otherPad.addEventListener("pointerdown", down);
  otherPad.addEventListener("pointermove", move);
  otherPad.addEventListener("pointerup", release);
  otherPad.addEventListener("pointercancel", release);
  otherPad.addEventListener("pointerleave", () => ringHere(-1));
  otherPad.addEventListener("keydown", key);
  const unlead = () => (leads = false);
  pad.addEventListener("pointerdown", unlead);
  pad.addEventListener("keydown", unlead);
}

/** @type {import("../../hooks.js").Tool} */
export const compare = {
  name: "compare",
  icon: "M3 4h6v12H3zM11 4h6v12h-6M5 8h.01M6 12h.01M14 7h.01M15 11h.01M13 13h.01",
  mount() {
    map = new Scatter(part("other-points", HTMLCanvasElement));
    otherPad = part("other-pad");
    const select = part("other", HTMLSelectElement);
    select.onchange = async () => {
      change({ other: select.value });
      await showing;
      remember();
    };
    listen();
    const resized = () => {
      map.draw();
      follow();
    };
    new ResizeObserver(resized).observe(otherPad);
    watch("other", (name) => (showing = show(name)));
    watch("hidden", () => map.draw());
    watch("hovered", ringThere);
    watch("selected", (chosen) => {
      map.chosen = chosen.length ? new Set(chosen) : null;
      map.draw();
    });
  },
  opened: drawChoices,
  shown() {
    drawChoices();
    if (state.other) map.draw();
  },
  moved: follow,
  cleared(another) {
    if (another) show("");
    leads = false;
  },
};
