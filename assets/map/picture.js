// The picture follows the cursor: at most one request each animation frame, and never an older picture.
import { contextOf, paint } from "../shared/canvas.js";
import { say } from "../shared/texts.js";
import { placeCursor } from "./axes.js";
import { plane } from "./figure.js";
import { FrameSource } from "./frames.js";
import { each } from "./hooks.js";
import { base, notify, part, root } from "./page.js";
import { latentHere } from "./place.js";
import { project } from "./plane.js";
import { readOut } from "./readout.js";
import { snapshot, state } from "./state.js";

/** @typedef {{ when: number, place: string }} Asked the pointer event's own time, and the key of the place */
/** @typedef {import("./frames.js").Frame & Asked} AskedFrame */

const DISTANT = 33; // milliseconds from pointer to picture: two frames

/** @type {FrameSource} */
let source;
/** @type {Map<number, Asked>} by the request's id */
const sent = new Map();
/** @type {[number, number][]} time and latency of those painted within the last second */
const paints = [];
let painted = 0;
let firstId = 0;
/** @type {number | null} since when another place is to be asked for */
let dirty = null;
let scheduled = false;
let shown = false;
/** @type {AskedFrame | null} */
let waiting = null;

/** @param {import("./frames.js").Frame} frame */
function receive(frame) {
  const asked = sent.get(frame.id);
  for (const older of sent.keys()) if (older <= frame.id) sent.delete(older);
  if (dirty !== null) schedule();
  if (!asked || frame.id <= painted || frame.id < firstId) return;
  // A distant server's answers bunch on their way. The second within one animation frame then waits for the next one,
  // or the motion would stutter between none and two; a near server's is simply the fresher picture.
  const distant = performance.now() - asked.when > DISTANT;
  if (shown && distant) waiting = { ...frame, ...asked };
  else present({ ...frame, ...asked });
}

/** @param {AskedFrame} frame */
function present({ id, width, height, pixels, place, when }) {
  if (id <= painted || id < firstId) return;
  painted = id;
  paint(part("decoded", HTMLCanvasElement), pixels, width, height);
  part("decoded").dataset.place = place;
  measure(performance.now(), performance.now() - when);
  shown = true;
  requestAnimationFrame(() => {
    const next = waiting;
    [shown, waiting] = [false, null];
    if (next) present(next);
  });
}

/**
 * Where the cursor is from here on.
 * @param {number[]} place
 * @param {number | null} point the test point through which the plane goes
 * @param {number} when the time of what moved it
 * @param {number[] | null} z any other latent that the plane goes through
 */
export function moveTo([x, y], point, when = performance.now(), z = null) {
  Object.assign(state, { x, y, point, z });
  const { model, plane: shownPlane } = state;
  const latent = z ? (latentHere() ?? []).join(" ") : "";
  Object.assign(root.dataset, { model, plane: shownPlane ?? "", x, y, point: point ?? "", z: latent });
  dirty = when;
  schedule();
}

/** @param {number[]} z */
export function setLatent(z) {
  if (z.length === 2) moveTo(z, null);
  else moveTo(project(z, plane), null, performance.now(), z);
}

/** What is asked for, and how a painted picture is known to be of it. @returns {[Record<string, unknown>, string]} */
function here() {
  const { z, ...place } = snapshot();
  if (!z) return [place, [place.model, place.x, place.y, place.point].join(" ")];
  const latent = latentHere() ?? [];
  return [{ model: place.model, z: latent }, [place.model, ...latent].join(" ")];
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    placeCursor();
    if (dirty === null || !source.ready) return;
    const [place, key] = here();
    sent.set(source.request(place), { when: dirty, place: key });
    dirty = null;
    readOut();
    each("moved");
  });
}

/** Whatever is still on its way belongs to what was before. */
export function dropPictures() {
  firstId = source.lastId + 1;
  dirty = null;
}

/** No picture, until the first of another model comes. */
export function clearPicture() {
  const canvas = part("decoded", HTMLCanvasElement);
  paints.length = 0;
  part("meter").textContent = say("map.meter");
  delete canvas.dataset.place;
  contextOf(canvas).clearRect(0, 0, canvas.width, canvas.height);
}

/** @param {number} now @param {number} latency */
function measure(now, latency) {
  paints.push([now, latency]);
  while (now - paints[0][0] > 1000) paints.shift();
  root.dispatchEvent(new CustomEvent("painted", { detail: { now, latency, id: painted } }));
}

function tellSpeed() {
  const recent = paints.filter(([when]) => performance.now() - when < 1000);
  if (recent.length < 3) return;
  const sorted = recent.map(([, latency]) => latency).sort((a, b) => a - b);
  /** @param {number} share */
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
  const span = recent[recent.length - 1][0] - recent[0][0];
  const rate = Math.round((1000 * (recent.length - 1)) / Math.max(span, 1));
  const device = root.dataset.device ?? "…";
  part("meter").textContent = say("map.measured", { rate, median: at(0.5), p95: at(0.95), device });
}

export function mountPicture() {
  source = new FrameSource(base, receive, notify, () => (dirty ??= performance.now()));
  setInterval(() => dirty !== null && schedule(), 100); // what found no room goes out when there is some again
  setInterval(tellSpeed, 300);
}
