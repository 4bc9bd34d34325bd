// What lies under the points (two canvases) and over them (one SVG), kept in step with the axes.
import { blank } from "../shared/canvas.js";
import { shape } from "../shared/dom.js";
import { remember } from "./address.js";
import { edgesInView, isDrawn, placeCursor, size, toPixels } from "./axes.js";
import { drawDots } from "./dots.js";
import { each } from "./hooks.js";
import { part } from "./page.js";
import { state } from "./state.js";

/** @typedef {{ image: HTMLCanvasElement, box: number[] }} Picture an off-screen canvas and its edges x0, x1, y0, y1 */

/** @type {Map<string, () => Element[]>} layer -> what draws it */
const drawings = new Map();

/** @type {{ pictures: Picture | null, heat: Picture | null }} by their canvases' roles */
const under = { pictures: null, heat: null };

/**
 * Draw over the points, now and whenever the view changes. No `draw` clears the layer.
 * @param {string} name
 * @param {(() => Element[]) | null} draw -> SVG elements, in pixels
 */
export function overlay(name, draw) {
  if (draw) drawings.set(name, draw);
  else drawings.delete(name);
  groupOf(name).replaceChildren(...(draw && isDrawn() ? draw() : []));
}

/** @param {string} layer */
function groupOf(layer) {
  const over = part("over", SVGElement);
  const found = over.querySelector(`[data-layer="${layer}"]`);
  if (found) return found;
  const made = shape("g", { "data-layer": layer });
  over.append(made);
  return made;
}

/** A line through places, as SVG has it. @param {number[][]} places */
export function outline(places) {
  const pixels = places.map((place) => toPixels(place).map((pixel) => pixel.toFixed(1)));
  return pixels.map((pair) => pair.join(",")).join(" ");
}

/** A shape that reads on any ground: a line within a wider one. @param {string} kind @param {Record<string, unknown>} attributes */
export const cased = (kind, attributes) =>
  ["casing", "line"].map((name) => shape(kind, { ...attributes, class: name }));

/** @param {keyof typeof under} role @param {Picture | null} picture */
export function underlay(role, picture) {
  under[role] = picture;
  drawUnder(role);
}

export const isUnderlaid = () => Boolean(under.pictures || under.heat);

/** @param {keyof typeof under} role */
function drawUnder(role) {
  const context = blank(part(role, HTMLCanvasElement), ...size());
  const picture = under[role];
  if (!picture || !isDrawn()) return;
  const [x0, x1, y0, y1] = picture.box;
  const [left, top] = toPixels([x0, y1]);
  const [right, bottom] = toPixels([x1, y0]);
  context.imageSmoothingEnabled = role === "heat";
  context.imageSmoothingQuality = "high";
  context.drawImage(picture.image, left, top, right - left, bottom - top);
}

export function viewChanged() {
  state.view = edgesInView();
  placeCursor();
  drawDots();
  for (const role of /** @type {(keyof typeof under)[]} */ (Object.keys(under))) drawUnder(role);
  for (const [name, draw] of drawings) overlay(name, draw);
  each("viewed");
  remember();
}
