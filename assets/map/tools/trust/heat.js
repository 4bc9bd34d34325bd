// The colours of the heat maps: how the values of each kind become shares, 0 not to trust and 1 to trust.

/** @typedef {{ dimensions: number, typical?: number }} Scale typical: the drift of the data's own latents */

// Brown where not to trust and teal where to, with nothing between: it reads on white and on black, and without red and
// green. [red, green, blue, alpha] of 255 each.
export const STOPS = [
  [140, 81, 10, 200],
  [191, 129, 45, 165],
  [200, 190, 160, 50],
  [90, 180, 172, 150],
  [1, 102, 94, 215],
];

/** @type {Record<string, (value: number, scale: Scale) => number>} classes have colours of their own */
export const SHARES = {
  density: (value) => (value + 2.5) / 3,
  drift: (value, { typical = 1 }) => 1 - Math.log2(Math.max(value, 1e-9) / typical + 1e-9) / 5,
  prior(value, { dimensions }) {
    const radius = Math.sqrt(Math.max(-2 * value - dimensions * Math.log(2 * Math.PI), 0));
    return 1 - (radius - Math.sqrt(dimensions) + Math.SQRT2) / 4;
  },
};

/** @param {number} share outside 0 to 1 it is as at the nearer end */
export function colourOf(share) {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const below = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[below].map((low, i) => low + (STOPS[below + 1][i] - low) * (at - below));
}

/** "#rrggbb" -> its three levels @param {string} colour */
export const levels = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
