/**
 * Points in the plane, as they stand at one moment of a training, and how they are laid on a canvas.
 *
 * @typedef {readonly [number, number, number]} Box a square: its centre, and half a side
 * @typedef {{ points: readonly number[], box: Box }} Cloud points: x and y in turn
 * @typedef {(i: number) => [number, number]} Place a point's place in pixels
 */

const OUTSIDE = 0.005; // of the points, to each side
const LEAST = 1e-3;
const MARGIN = 1.1;

/**
 * @param {readonly number[]} points
 * @returns {Cloud}
 */
export const cloudOf = (points) => ({ points, box: boxOf(points) });

/**
 * The least box in which nearly all points lie, with a margin.
 *
 * @param {readonly number[]} points
 * @returns {Box}
 */
function boxOf(points) {
  const [across, down] = [0, 1].map((axis) => middling(points.filter((_, i) => i % 2 === axis)));
  const half = Math.max((across.high - across.low) / 2, (down.high - down.low) / 2, LEAST) * MARGIN;
  return [(across.low + across.high) / 2, (down.low + down.high) / 2, half];
}

/** @param {number[]} values */
function middling(values) {
  const sorted = values.sort((a, b) => a - b);
  const low = sorted[Math.floor(OUTSIDE * sorted.length)];
  return { low, high: sorted[Math.ceil((1 - OUTSIDE) * sorted.length) - 1] };
}

/**
 * A cloud on its way from one to another of the same points.
 *
 * @param {Cloud} from
 * @param {Cloud} to
 * @param {number} part of the way, 0 to 1
 * @returns {Cloud}
 */
export function between(from, to, part) {
  const points = to.points.map((value, i) => mix(from.points[i], value, part));
  const [x, y, half] = to.box.map((value, i) => mix(from.box[i], value, part));
  return { points, box: [x, y, half] };
}

/**
 * @param {number} from
 * @param {number} to
 * @param {number} part
 */
const mix = (from, to, part) => from + (to - from) * part;

/**
 * The box in the middle of a canvas, as large as fits, y upwards: where each point lies, and the plane's origin.
 *
 * @param {Cloud} cloud
 * @param {number} width
 * @param {number} height
 * @returns {{ place: Place, origin: [number, number] }}
 */
export function projection({ points, box: [x, y, half] }, width, height) {
  const scale = Math.min(width, height) / 2 / half;
  /** @type {(px: number, py: number) => [number, number]} */
  const at = (px, py) => [width / 2 + (px - x) * scale, height / 2 - (py - y) * scale];
  return { place: (i) => at(points[2 * i], points[2 * i + 1]), origin: at(0, 0) };
}

/**
 * The middle of a class's points: the median of either coordinate.
 *
 * @param {readonly number[]} labels each point's class
 * @param {number} label
 * @param {Place} place
 */
export function middle(labels, label, place) {
  const places = labels.flatMap((other, i) => (other === label ? [place(i)] : []));
  const [x, y] = [0, 1].map((axis) => places.map((at) => at[axis]).sort((a, b) => a - b)[places.length >> 1]);
  return { x, y };
}
