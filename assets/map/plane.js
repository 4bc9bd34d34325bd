// The plane of a latent space that a map shows, in numbers alone.

/** @typedef {{ origin: number[], axes: number[][] }} Plane a point of it, (D,), and its two axes, (2, D), of length 1 */

/** So that link, read-out and request are the same number. @param {number} value */
export const round = (value) => Math.round(value * 1e4) / 1e4;

/** A latent's place in the plane: orthogonally, from the origin. @param {number[]} z @param {Plane} plane */
export function project(z, { origin, axes }) {
  return axes.map((axis) => axis.reduce((sum, value, d) => sum + value * (z[d] - origin[d]), 0));
}

/**
 * The latent at a place of the plane that goes through an anchor, with seven digits.
 * @param {number[]} place @param {number[]} anchor @param {Plane} plane
 */
export function latentAt([x, y], anchor, plane) {
  const at = project(anchor, plane);
  const [across, up] = plane.axes;
  return anchor.map((value, d) => Number((value + (x - at[0]) * across[d] + (y - at[1]) * up[d]).toPrecision(7)));
}

/**
 * What is seen of the plane as square cells: their centres' first and last coordinates, and their number each way.
 * @typedef {{ x0: number, x1: number, y0: number, y1: number, n: number, rows: number }} Grid
 * @param {number[][]} ranges the edges seen, across and up
 * @param {number[]} pixels width and height
 * @param {number} count about how many cells in all
 * @param {number} most each way
 * @returns {{ grid: Grid, box: number[] }} box: the cells' own edges
 */
export function cells([across, up], pixels, count, most) {
  const side = Math.sqrt((pixels[0] * pixels[1]) / count) * ((across[1] - across[0]) / pixels[0]);
  const needed = Math.max(...[across, up].map(([low, high]) => (high - low) / (most - 2))); // so that a tall view fits too
  // Steps by the square root of two, and centres at their multiples: what is decoded does not swim as the map pans.
  const step = Math.max(2 ** (Math.round(2 * Math.log2(side)) / 2), 2 ** (Math.ceil(2 * Math.log2(needed)) / 2));
  const spans = [across, up].map(([low, high]) => {
    const first = Math.floor(low / step);
    const number = Math.min(Math.ceil(high / step) - first + 1, most);
    return { low: first * step, high: (first + number - 1) * step, number };
  });
  const [columns, rows] = spans;
  return {
    grid: { x0: columns.low, x1: columns.high, y0: rows.low, y1: rows.high, n: columns.number, rows: rows.number },
    box: spans.flatMap(({ low, high }) => [low - step / 2, high + step / 2]),
  };
}
