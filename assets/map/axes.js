// Between places on the map and pixels on the screen; and which part of the map is seen.
import { nearest as nearestOf } from "../shared/points.js";
import { points } from "./figure.js";
import { part, plot } from "./page.js";
import { cells, round } from "./plane.js";
import { Plotly } from "./plotly.js";
import { state } from "./state.js";

/** Whether plotly has drawn any map yet. */
export const isDrawn = () => Boolean(plot._fullLayout?.xaxis);

/** @returns {any[]} plotly's own, across and up */
const axes = () => [plot._fullLayout.xaxis, plot._fullLayout.yaxis];

/** The edges of what is seen, across and up. @returns {[number, number][]} */
export const ranges = () => axes().map((axis) => axis.range);

/** @returns {[number, number]} */
export const size = () => [plot.clientWidth, plot.clientHeight];

/** @param {number[]} place */
export const toPixels = (place) => axes().map((axis, i) => axis._offset + axis.d2p(place[i]));

/** @param {number[]} pixels */
export const exactly = (pixels) => axes().map((axis, i) => axis.p2d(pixels[i] - axis._offset));

/** Rounded as a link has it. @param {number[]} pixels */
export const toPlace = (pixels) => exactly(pixels).map(round);

/** The axes are linear: two numbers each, origin and pixels per unit, spare thousands of calls into plotly. */
export const linear = () =>
  axes().map((axis) => /** @type {[number, number]} */ ([axis._offset + axis.d2p(0), axis.d2p(1) - axis.d2p(0)]));

/** @param {number} row */
export const isVisible = (row) => !state.hidden.has(points.label[row]);

/** The row of the test point nearest to a pixel, of those that are not hidden; or -1. @param {number[]} pixels */
export const nearest = (pixels, radius = Infinity) =>
  nearestOf(points.x, points.y, linear(), pixels, radius, isVisible);

export const nearestHere = () => nearest(toPixels([state.x, state.y]));

/** @param {number[]} pixels */
const isInside = ([px, py]) => px >= 0 && py >= 0 && px <= plot.clientWidth && py <= plot.clientHeight;

export function placeCursor() {
  if (!isDrawn()) return;
  const pixels = toPixels([state.x, state.y]);
  const { style } = part("cursor");
  style.transform = `translate3d(${pixels[0]}px, ${pixels[1]}px, 0)`;
  style.visibility = isInside(pixels) ? "visible" : "hidden";
}

/** What is seen as about so many cells. @param {number} count @param {number} most each way */
export const cellsInView = (count, most) => cells(ranges(), size(), count, most);

/** @param {number[][]} edges across and up */
export const showRanges = ([across, up]) => Plotly.relayout(plot, { "xaxis.range": across, "yaxis.range": up });

/** @param {number} factor @param {number[]} pixels which stay where they are; the middle, if none are given */
export function zoom(factor, pixels = size().map((length) => length / 2)) {
  const centre = exactly(pixels);
  return showRanges(ranges().map((range, i) => range.map((edge) => centre[i] + (edge - centre[i]) * factor)));
}

export const showAll = () => Plotly.relayout(plot, { "xaxis.autorange": true, "yaxis.autorange": true });

/** @param {number[]} place */
export function bringIntoView(place) {
  if (isInside(toPixels(place))) return;
  const halves = ranges().map(([low, high]) => (high - low) / 2);
  showRanges(halves.map((half, i) => [place[i] - half, place[i] + half]));
}

/** The edges x0, x1, y0, y1 of what is seen; null: all of the map. */
export const edgesInView = () => (axes().some((axis) => axis.autorange === false) ? ranges().flat() : null);
