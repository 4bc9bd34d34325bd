// The maps to choose from, and how one of them is opened.
import { centre, make, style } from "../shared/dom.js";
import { refusal, say } from "../shared/texts.js";
import { remember } from "./address.js";
import { drawFigure } from "./dots.js";
import { at, points, rowOf, take } from "./figure.js";
import { endFlight } from "./flight.js";
import { each } from "./hooks.js";
import { viewChanged } from "./layers.js";
import { drawLegend, showClasses } from "./legend.js";
import { inClass, isKnown, learn, model, titleParts } from "./models.js";
import { base, isShown, notify, part, plot, root } from "./page.js";
import { pick, showPicked } from "./picked.js";
import { clearPicture, dropPictures, moveTo, setLatent } from "./picture.js";
import { pointLatents } from "./place.js";
import { round } from "./plane.js";
import { Plotly, plotlyIsThere } from "./plotly.js";
import { clearReadOut } from "./readout.js";
import { forget, state } from "./state.js";

/** @typedef {import("./link.js").Place} Place */
/** @typedef {import("./models.js").Model} Model */

let loading = 0;

/**
 * Show a map. What goes wrong stands where the map would.
 * @param {string} name
 * @param {Place} [place] its first test point, unless another is named
 * @param {string | null} [plane] the principal one, unless another is named
 */
export async function openMap(name, place, plane = null) {
  const mine = ++loading;
  clear(model(name), plane);
  try {
    const figure = await fetchFigure(name, plane);
    await plotlyIsThere();
    if (mine !== loading) return;
    await show(figure);
    if (mine !== loading) return;
    part("veil").hidden = true;
    goTo(place ?? { point: 0 });
    each("shown");
  } catch (error) {
    if (mine !== loading) return;
    const reason = error instanceof Error ? error.message : String(error);
    part("veil").hidden = false;
    part("veil").textContent = say("map.not-loaded", { reason });
    if (!plane) return;
    notify(reason);
    await openMap(name, place, null);
  }
}

/** A map with all of its points, unless it is shown already. @param {string} name */
export async function showMap(name) {
  if (state.model !== name || state.plane || !isShown()) await openMap(name);
}

/** @param {string} name @param {string | null} plane @returns {Promise<any>} */
async function fetchFigure(name, plane) {
  const asked = new URLSearchParams({ model: name, ...(plane && { plane }) });
  const answer = await fetch(new URL(`figure?${asked}`, base));
  const figure = await answer.json();
  if (!answer.ok) throw new Error(refusal(figure));
  return figure;
}

/** @param {Model} next @param {string | null} plane */
function clear(next, plane) {
  const another = state.model !== next.name;
  dropPictures();
  endFlight();
  if (another) clearModel(next);
  forget(another);
  Object.assign(state, { model: next.name, plane });
  part("cursor").style.visibility = "hidden";
  showPicked(null);
  each("cleared", another);
}

/** @param {Model} next */
function clearModel(next) {
  pointLatents.clear();
  part("veil").hidden = false;
  part("veil").textContent = say("map.loading");
  part("teaches").textContent = next.teaches;
  clearReadOut();
  clearPicture();
  const choice = /** @type {HTMLInputElement} */ (part("models").querySelector(`[value="${CSS.escape(next.name)}"]`));
  choice.checked = true;
  centre(/** @type {Element} */ (choice.parentElement));
}

/** @param {any} figure */
async function show(figure) {
  take(figure);
  colour(figure.layout);
  for (const note of figure.layout.annotations ?? []) note.text &&= inClass(note.text);
  await drawFigure(figure.data, figure.layout);
  if (!plot.dataset.listening) {
    plot.dataset.listening = "yes";
    plot.on("plotly_relayout", viewChanged);
    plot.on("plotly_relayouting", viewChanged);
  }
  drawLegend();
  if (state.hidden.size) showClasses();
  viewChanged();
}

/** In the page's colours, dark or light. @param {any} layout */
function colour(layout) {
  const [text, grid] = ["--body-text-color-subdued", "--border-color-primary"].map((name) => style(root, name));
  layout.font = { ...layout.font, color: text };
  for (const axis of [layout.xaxis, layout.yaxis]) {
    Object.assign(axis, { tickfont: { color: text, size: 11 }, gridcolor: grid, zerolinecolor: grid });
  }
  const dark = document.body.classList.contains("dark");
  for (const note of layout.annotations ?? []) {
    note.font = { ...note.font, color: dark ? "#f3f4f6" : "#111827" };
    note.bgcolor = dark ? "rgba(17,24,39,.72)" : "rgba(255,255,255,.78)";
  }
}

/** The cursor on a place of the map that is shown. @param {Place} place */
export function goTo({ x, y, point = null, z = null }) {
  const row = point === null ? -1 : rowOf(point);
  if (z) setLatent(z);
  else if (row >= 0 && (x === undefined || (x === round(points.x[row]) && y === round(points.y[row])))) {
    moveTo(at(row), point); // exactly its own place, which the link rounds
  } else moveTo([x ?? 0, y ?? 0], row >= 0 ? point : null);
  pick();
}

// --- the row of models ---

/** @param {Model} of */
function choice(of) {
  const [data, ...rest] = titleParts(of);
  const input = make("input", { type: "radio", name: "explorer-model", value: of.name });
  input.onchange = () => choose(of.name);
  return make("label", {}, input, make("b", {}, data), make("span", {}, rest.join(" · ")));
}

/** @param {string} name */
function choose(name) {
  notify("");
  openMap(name).then(remember);
}

/** @param {Model[]} models */
export const drawChoices = (models) => part("models").append(...models.map(choice));

/** A visitor's own model: the last in the row from here on. @param {Model} told */
export function addModel(told) {
  const isNew = !isKnown(told.name);
  const learnt = learn(told);
  if (isNew) drawChoices([learnt]);
}

export function mountMaps() {
  const resized = () => plot._fullLayout && plot.clientWidth && Plotly.Plots.resize(plot).then(viewChanged);
  new ResizeObserver(resized).observe(plot);
  const recoloured = () => {
    if (!plot.layout) return;
    colour(plot.layout);
    Plotly.react(plot, plot.data, plot.layout);
  };
  new MutationObserver(recoloured).observe(document.body, { attributeFilter: ["class"] });
  document.addEventListener("explorer-open", (event) => {
    const { detail } = /** @type {CustomEvent<Model>} */ (event);
    addModel(detail);
    choose(detail.name);
  });
}
