/**
 * A photo's latents as a grid of cells, each of which stands for a square of pixels.
 *
 * @typedef {{ row: number, column: number }} Cell
 * @typedef {{ rows: number, columns: number }} Grid what a picture shows of it; its last cells may be cut
 */

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * The nearest cell that there is.
 *
 * @param {Cell} cell
 * @param {Grid} grid
 * @returns {Cell}
 */
export const clamped = ({ row, column }, { rows, columns }) => ({
  row: Math.min(Math.max(row, 0), rows - 1),
  column: Math.min(Math.max(column, 0), columns - 1),
});

/**
 * The cell under the pointer.
 *
 * @param {{ clientX: number, clientY: number }} pointer
 * @param {{ left: number, top: number, width: number, height: number }} box where the picture is
 * @param {Grid} shown in the box
 * @param {Grid} grid
 */
export function cellAt({ clientX, clientY }, box, shown, grid) {
  const row = Math.floor(((clientY - box.top) / box.height) * shown.rows);
  const column = Math.floor(((clientX - box.left) / box.width) * shown.columns);
  return clamped({ row, column }, grid);
}

/**
 * Where an arrow key leads, from the middle at first; null where it is another key.
 *
 * @param {Cell | null} cell
 * @param {string} key
 * @param {Grid} grid
 */
export function moved(cell, key, grid) {
  if (!Object.hasOwn(STEPS, key)) return null;
  const { row, column } = cell ?? { row: grid.rows >> 1, column: grid.columns >> 1 };
  const [down, right] = STEPS[key];
  return clamped({ row: row + down, column: column + right }, grid);
}

/**
 * Where a cell lies in a picture, in parts of its width and height.
 *
 * @param {Cell} cell
 * @param {Grid} shown in the picture
 */
export const boxOf = ({ row, column }, { rows, columns }) => ({
  left: column / columns,
  top: row / rows,
  width: 1 / columns,
  height: 1 / rows,
});

/**
 * A cell's latent: a number of each channel.
 *
 * @param {ArrayLike<number>} values channel by channel, row by row
 * @param {Cell} cell
 * @param {Grid} grid
 */
export function latentAt(values, { row, column }, { rows, columns }) {
  const channels = values.length / (rows * columns);
  return Array.from({ length: channels }, (_, channel) => values[(channel * rows + row) * columns + column]);
}

/**
 * @param {Cell | null} one
 * @param {Cell | null} other
 */
export const isSame = (one, other) => one?.row === other?.row && one?.column === other?.column;
