// Vectors between latents, and how one is drawn.

const BARB = { length: 11, angle: 0.45 }; // pixels and radians

/** @param {number[]} from @param {number[]} to */
export const difference = (from, to) => to.map((value, d) => value - from[d]);

/** A latent some way along a vector, with seven digits. @param {number[]} z @param {number[]} vector @param {number} strength */
export const added = (z, vector, strength = 1) =>
  z.map((value, d) => Number((value + strength * vector[d]).toPrecision(7)));

/** An arrow's path, as SVG has it. @param {number[]} from in pixels @param {number[]} to */
export function arrow([x, y], [u, v]) {
  const turn = Math.atan2(v - y, u - x);
  /** @param {number} side */
  const barb = (side) => `${u - BARB.length * Math.cos(turn + side)} ${v - BARB.length * Math.sin(turn + side)}`;
  return `M${x} ${y}L${u} ${v}M${barb(BARB.angle)}L${u} ${v}L${barb(-BARB.angle)}`;
}
