// What lies within a ring drawn around points.

const FEWEST_PIXELS = 2; // between two places of a lasso

/**
 * By the even-odd rule: how often a line from the place to the right crosses the ring.
 * @param {number} x @param {number} y @param {number[][]} ring
 */
export function within(x, y, ring) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [x0, y0] = ring[i];
    const [x1, y1] = ring[j];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) odd = !odd;
  }
  return odd;
}

/** The least box around a ring. @param {number[][]} ring @returns {number[][]} its lowest and its highest place */
export function edges(ring) {
  return [Math.min, Math.max].map((most) =>
    [0, 1].map((i) => ring.reduce((edge, place) => most(edge, place[i]), ring[0][i])),
  );
}

/**
 * What tells whether a place lies within a ring, sooner for most that do not.
 * @param {number[][]} ring
 * @returns {(x: number, y: number) => boolean}
 */
export function insideOf(ring) {
  const [[left, bottom], [right, top]] = edges(ring);
  return (x, y) => x >= left && x <= right && y >= bottom && y <= top && within(x, y, ring);
}

/** The box from a ring's first place to another. @param {number[][]} ring @param {number[]} place */
export function box([[x, y]], place) {
  return [[x, y], [place[0], y], place, [x, place[1]]];
}

/** Whether a pointer has gone far enough from where it was. @param {number[]} at in pixels @param {number[]} last */
export const isFar = (at, last) => Math.hypot(at[0] - last[0], at[1] - last[1]) >= FEWEST_PIXELS;
