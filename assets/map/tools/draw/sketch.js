// The sketch pad: drawn on with pointer or keys, or a picture from a file.
import { toBase64 } from "../../../shared/bytes.js";
import { contextOf } from "../../../shared/canvas.js";
import { ARROWS, make } from "../../../shared/dom.js";
import { say } from "../../../shared/texts.js";
import { part } from "../../page.js";
import { groundOf, halved } from "./grey.js";

const SIDE = 280; // pixels of the pad
const BRUSH = 22;
const KEY_STEP = 14;
const SMALL = 32; // pixels of a side, of a picture whose ground is looked for
const DOT = 0.01; // a line of no length leaves no dot
const BLACK = "#000";
const WHITE = "#fff";

export const SENT = SIDE / 2; // pixels of a side, of what is sent

/** @type {HTMLCanvasElement} */
let pad;
/** @type {CanvasRenderingContext2D} */
let ink;
/** @type {() => void} */
let drawn;
/** @type {() => void} */
let emptied;
let sketched = false; // whether there is anything on the pad
/** @type {number[] | null} where the pen was last, while it is down */
let stroke = null;
let turn = 0; // a picture that is being read belongs to the turn in which it was chosen
const pen = { at: [SIDE / 2, SIDE / 2], down: false }; // moved by keys

export const isSketched = () => sketched;

/** What is on the pad, half as wide and as high: base64 of grey bytes. */
export const greySketch = () => toBase64(halved(ink.getImageData(0, 0, SIDE, SIDE).data, SIDE));

/** @param {string} ground @param {string} brush */
function blankWith(ground, brush) {
  Object.assign(ink, { fillStyle: ground, strokeStyle: brush, lineWidth: BRUSH, lineCap: "round", lineJoin: "round" });
  ink.fillRect(0, 0, SIDE, SIDE);
}

/** @param {boolean} on */
function setSketched(on) {
  sketched = on;
  part("sketch-invite").hidden = on;
}

/** @param {MouseEvent} event */
function placeOf(event) {
  const box = pad.getBoundingClientRect();
  return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
}

/** @param {number[]} from @param {number[][]} places */
function strokeTo(from, places) {
  ink.beginPath();
  ink.moveTo(from[0], from[1]);
  for (const [x, y] of places) ink.lineTo(x, y);
  ink.stroke();
  setSketched(true);
  drawn();
}

/** @param {PointerEvent} event */
function down(event) {
  if (event.button !== 0 || stroke) return;
  event.preventDefault(); // or a drag would select text
  pad.setPointerCapture(event.pointerId);
  turn += 1;
  const from = placeOf(event);
  stroke = [from[0] + DOT, from[1]];
  strokeTo(from, [stroke]);
}

/** @param {PointerEvent} event */
function move(event) {
  if (!stroke || !pad.hasPointerCapture(event.pointerId)) return;
  const between = event.getCoalescedEvents?.() ?? []; // a fast hand moves several times a frame
  const places = (between.length ? between : [event]).map(placeOf);
  strokeTo(stroke, places);
  stroke = places[places.length - 1];
}

// --- with keys: the arrows move the pen, Space puts it down and lifts it ---

/** @param {boolean} shown */
function showPen(shown) {
  part("sketch-pen").hidden = !shown;
  part("sketch-pen").classList.toggle("down", pen.down);
  const [left, top] = pen.at.map((at) => `${(100 * at) / SIDE}%`);
  Object.assign(part("sketch-pen").style, { left, top });
}

/** @param {number[]} place */
function penTo(place) {
  if (pen.down) strokeTo(pen.at, [place]);
  pen.at = place;
}

/** @param {KeyboardEvent} event */
function key(event) {
  const step = ARROWS[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey || !(step || event.key === " ")) return;
  event.preventDefault();
  const by = event.shiftKey ? 3 * KEY_STEP : KEY_STEP;
  if (step) penTo([step[0], -step[1]].map((way, i) => Math.min(Math.max(pen.at[i] + way * by, 0), SIDE)));
  else {
    pen.down = !pen.down;
    if (pen.down) turn += 1;
    penTo([pen.at[0] + (pen.down ? DOT : 0), pen.at[1]]);
  }
  showPen(true);
}

function blur() {
  pen.down = false;
  showPen(false);
}

function clear() {
  turn += 1;
  stroke = null;
  pen.down = false;
  setSketched(false);
  blankWith(BLACK, WHITE);
  emptied();
}

// --- a picture from a file: the browser reads it, and the server gets pixels only ---

/** @param {File} file */
async function read(file) {
  const mine = ++turn;
  const picture = await createImageBitmap(file).catch(() => null);
  if (mine !== turn) return picture?.close();
  if (!picture) return unreadable();
  const scale = SIDE / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const ground = groundOf(pixelsOf(picture), SMALL);
  const isBright = ground.reduce((sum, level) => sum + level) > 3 * 127;
  blankWith(`rgb(${ground})`, isBright ? BLACK : WHITE);
  ink.imageSmoothingQuality = "high";
  ink.drawImage(picture, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
  picture.close();
  setSketched(true);
  drawn();
}

function unreadable() {
  part("own-note").textContent = say("draw.unreadable");
}

/** @param {ImageBitmap} picture */
function pixelsOf(picture) {
  const context = contextOf(make("canvas", { width: SMALL, height: SMALL }));
  context.drawImage(picture, 0, 0, SMALL, SMALL);
  return context.getImageData(0, 0, SMALL, SMALL).data;
}

/** @param {FileList | null | undefined} files */
function readFirst(files) {
  if (files?.[0]) read(files[0]);
}

/**
 * @param {() => void} onDrawn something else is on the pad
 * @param {() => void} onEmptied nothing is on it
 */
export function mountSketch(onDrawn, onEmptied) {
  [drawn, emptied] = [onDrawn, onEmptied];
  pad = part("sketch", HTMLCanvasElement);
  ink = /** @type {CanvasRenderingContext2D} */ (pad.getContext("2d", { willReadFrequently: true }));
  pad.addEventListener("pointerdown", down);
  pad.addEventListener("pointermove", move);
  pad.addEventListener("lostpointercapture", () => (stroke = null)); // also after pointerup and pointercancel
  pad.addEventListener("keydown", key);
  pad.addEventListener("focus", () => showPen(pad.matches(":focus-visible")));
  pad.addEventListener("blur", blur);
  pad.addEventListener("dragover", (event) => event.preventDefault());
  pad.addEventListener("drop", (event) => {
    event.preventDefault();
    readFirst(event.dataTransfer?.files);
  });
  const files = part("sketch-file", HTMLInputElement);
  part("sketch-clear").onclick = clear;
  part("sketch-upload").onclick = () => files.click();
  files.onchange = () => {
    const [file] = files.files ?? [];
    files.value = ""; // so that the same file can be chosen again
    if (file) read(file);
  };
  clear();
}
