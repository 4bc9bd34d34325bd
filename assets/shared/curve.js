/**
 * A loss curve's geometry: values by epoch, the first at epoch 1, null where one is not finite.
 *
 * @typedef {readonly (number | null)[]} Losses
 * @typedef {readonly [number, number]} Range
 */

const TOPS = [1, 2, 5, 10, 20, 30, 40, 50, 60, 80, 100, 200, 500, 1000];

/**
 * The linear map of one range onto another, as of values onto pixels; an empty range goes to the other's beginning.
 *
 * @param {Range} values
 * @param {Range} pixels
 * @returns {(value: number) => number}
 */
export const scale =
  ([low, high], [from, to]) =>
  (value) =>
    from + ((to - from) * (value - low)) / (high - low || 1);

/**
 * The least and the greatest loss of several curves.
 *
 * @param {readonly Losses[]} curves
 * @returns {Range} [Infinity, -Infinity] where there is none
 */
export function extent(curves) {
  const losses = curves.flat().filter((loss) => loss !== null);
  return [Math.min(...losses), Math.max(...losses)];
}

/**
 * A round number at or above the greatest loss, where an axis that begins at 0 may end.
 *
 * @param {number} most
 */
export const roundTop = (most) => TOPS.find((top) => top >= most) ?? most;

/**
 * Where a curve goes: one place for each finite loss.
 *
 * @param {Losses} losses
 * @param {(epoch: number) => number} x
 * @param {(loss: number) => number} y
 * @returns {[number, number][]}
 */
export const path = (losses, x, y) => losses.flatMap((loss, i) => (loss === null ? [] : [[x(i + 1), y(loss)]]));
