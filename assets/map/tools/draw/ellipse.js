// A covariance as an ellipse.

/**
 * One standard deviation along its own axes, in pixels.
 * @param {number[][]} covariance on the map, (2, 2)
 * @param {number[]} units pixels to the right and down for each unit across and up
 * @returns {{ rx: number, ry: number, degrees: number }} half its length and width, and how it is turned
 */
export function ellipse([[xx, xy], [, yy]], [right, down]) {
  const [a, b, d] = [xx * right * right, xy * right * down, yy * down * down];
  const middle = (a + d) / 2;
  const half = Math.hypot((a - d) / 2, b);
  const [rx, ry] = [middle + half, middle - half].map((square) => Math.sqrt(Math.max(square, 0)));
  return { rx, ry, degrees: (Math.atan2(2 * b, a - d) * 90) / Math.PI };
}
