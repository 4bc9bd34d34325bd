// A drawing's pixels in numbers: RGBA bytes of a square, row by row.

/** @typedef {ArrayLike<number>} Rgba */

/**
 * Half as wide and as high, in grey: each pixel the mean of two by two.
 * @param {Rgba} data @param {number} side of the square; an even number
 */
export function halved(data, side) {
  const half = side / 2;
  const grey = new Uint8Array(half * half);
  /** @param {number} i */
  const luma = (i) => 299 * data[i] + 587 * data[i + 1] + 114 * data[i + 2]; // in thousandths: whole numbers
  for (let i = 0; i < grey.length; i++) {
    const first = 4 * (2 * Math.floor(i / half) * side + 2 * (i % half));
    const below = first + 4 * side;
    grey[i] = Math.round((luma(first) + luma(first + 4) + luma(below) + luma(below + 4)) / 4000);
  }
  return grey;
}

/**
 * The colour around a picture that is not square, and under one that is transparent: its border's; what its ink stands
 * out from; or, of a sheet with a transparent margin or round corners, that of the sheet.
 * @param {Rgba} data @param {number} side of the square
 * @returns {number[]} red, green and blue of 255
 */
export function groundOf(data, side) {
  const all = Array.from({ length: side * side }, (_, i) => i);
  /** @type {((i: number) => number)[]} */
  const [column, row, alpha] = [(i) => i % side, (i) => Math.floor(i / side), (i) => data[4 * i + 3]];
  const most = all.reduce((highest, i) => Math.max(highest, alpha(i)), 0);
  const inked = all.filter((i) => alpha(i) > most / 2);
  const [left, right] = extent(inked.map(column), side);
  const [top, bottom] = extent(inked.map(row), side);
  const isSheet = inked.length > 0.9 * (right - left + 1) * (bottom - top + 1) && inked.length > 0.2 * all.length;
  if (all.some((i) => alpha(i) < 250) && !isSheet) return meanLuma(data, all) < 128 ? [255, 255, 255] : [0, 0, 0];
  const border = inked.filter((i) => [left, right].includes(column(i)) || [top, bottom].includes(row(i)));
  return [0, 1, 2].map((channel) => border.map((i) => data[4 * i + channel]).sort((a, b) => a - b)[border.length >> 1]);
}

/** Of what can be seen. @param {Rgba} data @param {number[]} pixels */
function meanLuma(data, pixels) {
  /** @param {number} i */
  const luma = (i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  const weight = pixels.reduce((sum, i) => sum + data[4 * i + 3], 0);
  return pixels.reduce((sum, i) => sum + data[4 * i + 3] * luma(i), 0) / (weight || 1);
}

/** @param {number[]} places @param {number} side */
const extent = (places, side) =>
  places.reduce(([low, high], place) => [Math.min(low, place), Math.max(high, place)], [side, 0]);
