// A walk past two to five anchors: its path on the map, and a film strip that plays forth and back.
import { images } from "../../../shared/bytes.js";
import { centre, choose, chosen, radios, shape } from "../../../shared/dom.js";
import { say } from "../../../shared/texts.js";
import { remember } from "../../address.js";
import { ask, asking, download } from "../../ask.js";
import { bringIntoView, toPixels } from "../../axes.js";
import { outline, overlay } from "../../layers.js";
import { dimensions } from "../../models.js";
import { pad, part, plot } from "../../page.js";
import { pick } from "../../picked.js";
import { setLatent } from "../../picture.js";
import { latentHere, pointLatents, subject } from "../../place.js";
import { lit } from "../../rail.js";
import { change, MOST_ANCHORS, snapshot, state, watch } from "../../state.js";
import { thumb } from "../../thumb.js";
import { forthAndBack } from "./film.js";

const STEPS = 12; // pictures from one anchor to the next
const HERE = 1e-4; // on the map: nearer than this the cursor stands on a picture

/** @typedef {{ latents: number[][], xy: number[][], shape: number[], pixels: string }} Film */

/** @type {Film | null} */
let film = null;
let current = -1; // the picture under the cursor
/** @type {import("../../state.js").Snapshot | null} where that left the cursor: anything else that moves it ends the playing */
let left = null;
let playing = false;
let turn = 0;

const pace = () => Number(part("walk-speed", HTMLInputElement).value);
const isKnown = () => state.anchors.every(({ z }) => z);

/** @param {string} sentence */
const tell = (sentence) => (part("walk-note").textContent = sentence);

/** What tells the visitor how to begin. @param {number} anchors that there are */
const hint = (anchors) => (anchors === 0 ? say("walk.hint.first") : anchors === 1 ? say("walk.hint.second") : "");

const question = () => ({
  model: state.model,
  anchors: state.anchors.map(({ z }) => z),
  steps: STEPS,
  method: state.method,
});

const questions = asking(
  "walk",
  (told) => {
    showFilm(told);
    if (isKnown()) tell(say("walk.note.film", { count: told.latents.length }));
  },
  (sentence) => {
    showFilm(null);
    tell(sentence);
  },
);

// --- anchors ---

function addAnchor() {
  const { x, y, point, anchors } = state;
  const last = anchors[anchors.length - 1];
  if (anchors.length === MOST_ANCHORS) return tell(say("walk.note.sixth"));
  if (last && last.x === x && last.y === y) return tell(say("walk.note.same", { number: anchors.length }));
  const z = point === null || dimensions() === 2 ? latentHere() : (pointLatents.get(point) ?? null);
  change({ anchors: [...anchors, { x, y, point, z }] });
}

function drawAnchors() {
  const { anchors } = state;
  lit("walk", anchors.length > 0);
  for (const role of ["walk-undo", "walk-clear"]) part(role, HTMLButtonElement).disabled = !anchors.length;
  part("walk-film").dataset.anchors = JSON.stringify(anchors.map(({ z }) => z));
  tell(hint(anchors.length));
  if (anchors.length < 2) {
    questions.drop();
    showFilm(null);
  } else {
    drawWalk();
    askSoon();
  }
}

function askSoon() {
  tell(say("walk.note.decoding"));
  remember();
  if (isKnown()) questions.ask({ ...subject(), ...question() }); // else when the picked points' latents have come
}

/** The picked points' latents may have come. */
function fillAnchors() {
  if (isKnown()) return;
  const filled = state.anchors.map((anchor) => ({
    ...anchor,
    z: anchor.z ?? pointLatents.get(anchor.point ?? -1) ?? null,
  }));
  if (filled.every(({ z }) => z)) change({ anchors: filled });
}

function clear() {
  stop();
  change({ anchors: [] });
}

// --- film ---

/** @param {Film | null} told */
function showFilm(told) {
  film = told;
  if (!told) stop();
  for (const role of ["walk-play", "walk-gif", "walk-npz"]) part(role, HTMLButtonElement).disabled = !told;
  part("walk-film").dataset.method = told ? state.method : "";
  const [, height, width] = told?.shape ?? [];
  const shown = told ? images(told) : [];
  part("walk-film").replaceChildren(...shown.map((pixels, i) => filmPicture({ pixels, width, height }, i)));
  const last = (told?.latents.length ?? 0) - 1;
  mark(playing ? Math.min(current, last) : ([0, last].find((i) => isHere(told?.xy[i])) ?? -1));
  drawWalk();
}

/** @param {{ pixels: Uint8Array, width: number, height: number }} picture @param {number} i */
function filmPicture(picture, i) {
  const anchor = i % STEPS ? 0 : i / STEPS + 1;
  const title = anchor ? say("walk.anchor.title", { number: anchor }) : say("walk.picture.title", { number: i + 1 });
  const made = thumb(picture, title, () => visit(i), String(anchor || ""));
  made.tabIndex = i ? -1 : 0; // one stop for the keyboard; arrows go on from there
  return made;
}

/** @param {number[] | undefined} place */
const isHere = (place) => place !== undefined && Math.hypot(place[0] - state.x, place[1] - state.y) < HERE;

function isStillThere() {
  const here = snapshot();
  const keys = /** @type {(keyof typeof here)[]} */ (Object.keys(here));
  return keys.every((key) => here[key] === left?.[key]);
}

/** @param {number} i */
function goTo(i) {
  if (!film) return;
  setLatent(film.latents[i]);
  mark(i);
}

/** @param {number} i */
function mark(i) {
  const shown = /** @type {HTMLElement[]} */ ([...part("walk-film").children]);
  shown[current]?.removeAttribute("aria-current");
  current = i;
  left = snapshot();
  const now = shown[i];
  if (!now) return;
  now.setAttribute("aria-current", "true");
  for (const other of shown) other.tabIndex = other === now ? 0 : -1;
  centre(now);
}

/** @param {number} i */
function visit(i) {
  stop();
  goTo(i);
  bringIntoView([state.x, state.y]);
  pick();
  remember();
}

/** @param {KeyboardEvent} event */
function step(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const shown = [...part("walk-film").children];
  const next = by && shown[shown.findIndex((one) => one.matches(":focus")) + by];
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.click();
}

// --- playing ---

function play() {
  const mine = ++turn;
  let tick = Math.max(current, 0);
  let due = performance.now() + pace();
  playing = true;
  part("walk-play").textContent = say("walk.pause");
  goTo(tick);
  pick();
  /** @param {number} now */
  const frame = (now) => {
    if (mine !== turn || !film) return;
    if (!isStillThere() || !plot.clientWidth) return stop();
    if (now >= due) {
      due = Math.max(due + pace(), now);
      tick += 1;
      goTo(forthAndBack(tick, film.latents.length));
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function stop() {
  if (!playing) return;
  turn += 1;
  playing = false;
  part("walk-play").textContent = say("walk.play");
  remember();
}

// --- drawing ---

function drawWalk() {
  const draw = () => [...(film ? path(film.xy) : []), ...state.anchors.flatMap(pin)];
  overlay("walk", state.anchors.length ? draw : null);
}

/** @param {number[][]} xy */
function path(xy) {
  const points = outline(xy);
  const steps = xy.map(toPixels).map(([cx, cy]) => shape("circle", { cx, cy, r: 2.5, class: "walk-step" }));
  return [
    shape("polyline", { points, class: "walk-path casing" }),
    shape("polyline", { points, class: "walk-path", "data-role": "walk-path" }),
    ...steps,
  ];
}

/**
 * A numbered pin, above its place so that the cursor does not hide the number; below it at the upper edge.
 * @param {import("../../state.js").Anchor} anchor @param {number} i
 */
function pin({ x, y }, i) {
  const [cx, cy] = toPixels([x, y]);
  const up = cy < 40 ? -1 : 1;
  const drop = "M0 0C-2 -7 -10 -12 -10 -21a10 10 0 1 1 20 0C10 -12 2 -7 0 0z";
  return [
    shape("path", { d: drop, transform: `translate(${cx} ${cy}) scale(1 ${up})`, class: "walk-pin" }),
    shape("text", { x: cx, y: cy - 21 * up + 4, class: "walk-number" }, i + 1),
  ];
}

// --- controls ---

/** @param {"gif" | "npz"} kind */
async function save(kind) {
  try {
    download(await ask("walk_file", { ...question(), kind, speed: pace() }));
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
  }
}

const showPace = () => (part("walk-pace").textContent = say("walk.pace", { pace: pace() }));

function changeMethod() {
  change({ method: chosen(part("walk-method")) });
  if (state.anchors.length > 1) askSoon();
}

/** @type {import("../../hooks.js").Tool} */
export const walk = {
  name: "walk",
  icon: "M4 14.5c0-6 12-2 12-9M4 17.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3M16 5.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3",
  mount() {
    part("walk-film").addEventListener("keydown", step);
    part("walk-play").onclick = () => (playing ? stop() : play());
    part("walk-undo").onclick = () => change({ anchors: state.anchors.slice(0, -1) });
    part("walk-clear").onclick = clear;
    part("walk-gif").onclick = () => save("gif");
    part("walk-npz").onclick = () => save("npz");
    part("walk-speed").oninput = showPace;
    for (const radio of radios(part("walk-method"))) radio.onchange = changeMethod;
    pad.addEventListener("pointerdown", stop);
    watch("anchors", drawAnchors);
    watch("method", (method) => choose(part("walk-method"), method));
    showPace();
    tell(hint(0));
  },
  click: addAnchor,
  moved() {
    fillAnchors();
    if (current < 0 || isStillThere()) return;
    stop();
    mark(-1);
  },
  cleared: clear,
};
