// Eighteen samples at once: from the prior, from the bounding box, or from the density of the encoded data.
import { images } from "../../../shared/bytes.js";
import { choose, radios, shape } from "../../../shared/dom.js";
import { decimal } from "../../../shared/numbers.js";
import { say } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { asking } from "../../ask.js";
import { bringIntoView, toPixels } from "../../axes.js";
import { overlay } from "../../layers.js";
import { dimensions, model } from "../../models.js";
import { isShown, part } from "../../page.js";
import { pick } from "../../picked.js";
import { setLatent } from "../../picture.js";
import { subject } from "../../place.js";
import { change, state, watch } from "../../state.js";
import { thumb } from "../../thumb.js";

const SAMPLES = 18;
const REACH = 12; // pixels from a marker that still hit it
const WIDE = 2; // times as wide as N(0, I): what is drawn from it crowds in the middle
const LUCK = 3; // as many in gaps from a VAE's prior are few

/** @typedef {{ latents: number[][], xy: number[][], far: number[], gap: number, shape: number[], pixels: string }} Told */

/** @type {(Told & { inGap: boolean[] }) | null} */
let samples = null;
let litUp = -1; // the marker that stands out
/** @type {number[] | null} where a visited sample left the cursor */
let left = null;
/** @type {number[]} where a pointer came down */
let pressed = [];

const questions = asking("samples", show, (sentence) => {
  clear();
  part("sample-note").textContent = sentence;
});

/** No −0.00. @param {number} value */
const coordinate = (value) => decimal(Math.round(100 * value) / 100 || 0, 2);

function drawSamples() {
  const how = state.sampling;
  const seed = Math.floor(Math.random() * 2 ** 31);
  questions.ask({ ...subject(), n: SAMPLES, how, seed }, how);
}

/** @param {Told} told @param {string} how */
function show(told, how) {
  clear();
  samples = { ...told, inGap: told.far.map((distance) => distance > told.gap) };
  const [, height, width] = told.shape;
  part("sample-thumbs").append(...images(told).map((pixels, i) => sampleThumb({ pixels, width, height }, i)));
  part("sample-thumbs").dataset.how = how;
  part("sample-key").hidden = false;
  drawKey();
  part("sample-words").textContent = words(how, samples.inGap.filter(Boolean).length);
  mark();
}

/** "Dashed" stands somewhere within the sentence, and has a frame. */
function drawKey() {
  const all = dimensions() > 2 ? say("sample.key.all", { dimensions: dimensions() }) : "";
  const [before, , after] = part("sample-key").children;
  [before.textContent, after.textContent] = say("sample.key", { all, dashed: "\n" }).split("\n");
}

/** @param {{ pixels: Uint8Array, width: number, height: number }} picture @param {number} i */
function sampleThumb(picture, i) {
  const { xy, inGap, latents } = /** @type {NonNullable<typeof samples>} */ (samples);
  const [x, y] = xy[i].map(coordinate);
  const title = say(inGap[i] ? "sample.title.gap" : "sample.title", { number: i + 1, x, y });
  const made = thumb(picture, title, () => visit(i), `${x}\n${y}`);
  made.classList.toggle("gap", inGap[i]);
  made.dataset.z = latents[i].join(" ");
  made.onpointerenter = made.onfocus = () => light(i);
  made.onpointerleave = made.onblur = () => light(-1);
  return made;
}

const unmark = () => part("sample-thumbs").querySelector("[aria-current]")?.removeAttribute("aria-current");

/** @param {number} i */
function visit(i) {
  if (!samples) return;
  setLatent(samples.latents[i]);
  bringIntoView([state.x, state.y]);
  pick();
  remember();
  left = [state.x, state.y];
  unmark();
  part("sample-thumbs").children[i].setAttribute("aria-current", "true");
}

function leave() {
  if (!left || (state.x === left[0] && state.y === left[1])) return;
  left = null;
  unmark();
}

function clear() {
  samples = left = null;
  litUp = -1;
  part("sample-thumbs").replaceChildren();
  delete part("sample-thumbs").dataset.how;
  part("sample-key").hidden = true;
  for (const role of ["sample-words", "sample-note"]) part(role).textContent = "";
  overlay("sample", null);
}

// --- on the map ---

/** @param {number} i */
function light(i) {
  litUp = i;
  mark();
}

function mark() {
  overlay("sample", samples && state.tool === "sample" ? markers : null);
}

function markers() {
  if (!samples) return [];
  const { xy, inGap } = samples;
  const places = xy.map(toPixels);
  const order = [...places.keys()].sort((a, b) => Number(a === litUp) - Number(b === litUp)); // the lit one on top
  return order.flatMap((i) => marker(places[i], inGap[i], i));
}

/** Shape and colour both tell a gap. @param {number[]} at @param {boolean} gap @param {number} i */
function marker([cx, cy], gap, i) {
  const r = i === litUp ? 8 : 5;
  const d = `M${cx} ${cy - r - 2}l${r + 2} ${r + 2}l${-r - 2} ${r + 2}l${-r - 2} ${-r - 2}z`;
  const made = gap
    ? shape("path", { d, class: "sample gap", "data-sample": i })
    : shape("circle", { cx, cy, r, class: "sample", "data-sample": i });
  if (i !== litUp) return [made];
  return [
    ...["sample-halo", "sample-halo lit"].map((kind) => shape("circle", { cx, cy, r: r + 6, class: kind })),
    made,
  ];
}

/** The sample that is hit, or -1. @param {number[]} at in pixels */
function hit([px, py]) {
  const away = (samples?.xy ?? []).map(toPixels).map(([x, y]) => Math.hypot(x - px, y - py));
  const least = Math.min(...away);
  return least <= REACH ? away.indexOf(least) : -1;
}

// --- in words ---

/** @param {number} count */
function falling(count) {
  const many = count === SAMPLES ? "all" : count > 1 ? "some" : count ? "one" : "none";
  return say(`sample.falls.${many}`, { count, all: SAMPLES });
}

/** How many times as wide as N(0, I) the codes lie. */
const spread = () => Math.sqrt(model().variance.reduce((sum, value) => sum + value, 0) / dimensions());

/** What a way of drawing gets wrong, from a plain autoencoder and from a VAE. @param {string} how @param {number} gaps */
function words(how, gaps) {
  const { variational } = model();
  let kind = variational ? "vae" : "plain";
  if (how === "prior" && variational) kind = gaps > LUCK ? "partly" : gaps ? "few" : "none";
  else if (how === "prior") kind = spread() > WIDE ? "wide" : gaps ? "gaps" : "luck";
  return say(`sample.${how}.${kind}`, { falls: falling(gaps), times: spread().toFixed(0) });
}

/** @type {import("../../hooks.js").Tool} */
export const sample = {
  name: "sample",
  icon: "M3.5 3.5h13v13h-13zM7 7h.01M13 7h.01M10 10h.01M7 13h.01M13 13h.01",
  mount() {
    part("sample-draw").onclick = drawSamples;
    for (const radio of radios(part("sample-how"))) radio.onchange = () => change({ sampling: radio.value });
    watch("sampling", (how) => {
      choose(part("sample-how"), how);
      drawSamples();
    });
  },
  opened() {
    if (samples) mark();
    else if (isShown()) drawSamples();
  },
  closed() {
    litUp = -1;
    mark();
  },
  shown() {
    if (state.tool === "sample") drawSamples();
  },
  moved: leave,
  press(at) {
    pressed = at;
  },
  lift(moved) {
    const i = moved ? -1 : hit(pressed);
    if (i >= 0) visit(i);
    return i >= 0;
  },
  cleared() {
    questions.drop();
    clear();
  },
};
