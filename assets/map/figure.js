// The map that is shown, as the server sent it: its test points, its classes' colours and its plane.
import { typedArray } from "../shared/bytes.js";

/** @typedef {{ x: number[], y: number[], label: number[], index: number[] }} Points one row each; index: in the test set */
/** @typedef {import("./plane.js").Plane} Plane */

/** @type {Points} */
export let points = { x: [], y: [], label: [], index: [] };
/** @type {string[]} a class's each */
export let colours = [];
/** @type {Plane} */
export let plane = {
  origin: [0, 0],
  axes: [
    [1, 0],
    [0, 1],
  ],
};

/**
 * Take a figure as plotly.py writes it. Its packed arrays become typed ones, in place.
 * @param {any} figure
 */
export function take(figure) {
  /** @type {Points} */
  const all = { x: [], y: [], label: [], index: [] };
  figure.data.forEach((/** @type {any} */ trace, /** @type {number} */ label) => {
    for (const key of ["x", "y", "customdata"]) trace[key] = typedArray(trace[key]);
    for (let i = 0; i < trace.x.length; i++) {
      all.x.push(trace.x[i]);
      all.y.push(trace.y[i]);
      all.label.push(label);
      all.index.push(trace.customdata[i]);
    }
  });
  points = all;
  colours = figure.data.map((/** @type {any} */ trace) => trace.marker.color);
  plane = figure.layout.meta;
}

/** A test point's row, or -1. @param {number} index */
export const rowOf = (index) => points.index.indexOf(index);

/** @param {number} row */
export const at = (row) => [points.x[row], points.y[row]];
