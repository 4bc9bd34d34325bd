// Points on a plane as pixels. A linear axis is two numbers: where its zero lies, and the pixels of one unit.

/** @typedef {[number, number]} Axis */

/**
 * The row of the point nearest to a pixel, within a radius; -1 where there is none.
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 * @param {Axis[]} axes across and up
 * @param {number[]} at
 * @param {number} radius
 * @param {(row: number) => boolean} shows
 */
export function nearest(x, y, [[x0, dx], [y0, dy]], [px, py], radius, shows) {
  let best = -1;
  let least = radius * radius;
  for (let i = 0; i < x.length; i++) {
    const across = x0 + dx * x[i] - px;
    const down = y0 + dy * y[i] - py;
    const square = across * across + down * down;
    if (square < least && shows(i)) [best, least] = [i, square];
  }
  return best;
}
