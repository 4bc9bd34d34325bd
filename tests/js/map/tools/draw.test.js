import assert from "node:assert/strict";
import test from "node:test";

import { ellipse } from "../../../../assets/map/tools/draw/ellipse.js";
import { groundOf, halved } from "../../../../assets/map/tools/draw/grey.js";

const near = (found, expected) => assert.ok(Math.abs(found - expected) < 1e-9, `${found} is not ${expected}`);

test("a covariance along the axes is an ellipse along them", () => {
  const { rx, ry, degrees } = ellipse(
    [
      [4, 0],
      [0, 1],
    ],
    [10, -10],
  );
  near(rx, 20);
  near(ry, 10);
  near(degrees, 0);
});

test("the longer way is turned to where it leads, on a screen that counts downwards", () => {
  const { rx, ry, degrees } = ellipse(
    [
      [2.5, 1.5],
      [1.5, 2.5],
    ],
    [10, -10],
  );
  near(rx, 20);
  near(ry, 10);
  near(degrees, -45);
});

test("units that differ each way stretch it", () => {
  const { rx, ry, degrees } = ellipse(
    [
      [1, 0],
      [0, 1],
    ],
    [5, -30],
  );
  near(rx, 30);
  near(ry, 5);
  near(Math.abs(degrees), 90);
});

test("no width at all is not below none, by rounding", () => {
  const { rx, ry } = ellipse(
    [
      [1, 1],
      [1, 1 - 1e-17],
    ],
    [100, -100],
  );
  assert.ok(rx > 0 && ry >= 0);
});

/** A square of pixels, each as `colour(column, row)` has it. */
const painted = (side, colour) =>
  Uint8ClampedArray.from({ length: 4 * side * side }, (_, i) => {
    const pixel = Math.floor(i / 4);
    return colour(pixel % side, Math.floor(pixel / side))[i % 4];
  });

test("half as large, each grey pixel is the mean of two by two", () => {
  const data = painted(4, (column, row) =>
    [200 * (column % 2), 200 * (column % 2), 200 * (column % 2), 255].map((v) => (row < 2 ? v : 40)),
  );
  assert.deepEqual([...halved(data, 4)], [100, 100, 40, 40]);
});

test("red, green and blue count as the eye sees them", () => {
  const levels = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ].map(
    (colour) =>
      halved(
        painted(2, () => [...colour, 255]),
        2,
      )[0],
  );
  assert.deepEqual(levels, [76, 150, 29]);
});

const middle = (column, row) => Math.hypot(column - 15.5, row - 15.5) < 6;

test("the ground of a picture is its border", () => {
  const data = painted(32, (column, row) => (middle(column, row) ? [0, 0, 0, 255] : [240, 230, 220, 255]));
  assert.deepEqual(groundOf(data, 32), [240, 230, 220]);
});

test("the ground of ink alone is what it stands out from", () => {
  const ink = (level) =>
    painted(32, (column, row) => (middle(column, row) ? [level, level, level, 255] : [0, 0, 0, 0]));
  assert.deepEqual(groundOf(ink(20), 32), [255, 255, 255]);
  assert.deepEqual(groundOf(ink(235), 32), [0, 0, 0]);
});

test("the ground of a sheet within a transparent margin is the sheet's", () => {
  const data = painted(32, (column, row) => {
    if (column < 4 || column > 27 || row < 4 || row > 27) return [0, 0, 0, 0];
    return middle(column, row) ? [10, 10, 10, 255] : [250, 240, 230, 255];
  });
  assert.deepEqual(groundOf(data, 32), [250, 240, 230]);
});

test("of nothing at all there is a ground", () => {
  assert.deepEqual(
    groundOf(
      painted(32, () => [0, 0, 0, 0]),
      32,
    ),
    [255, 255, 255],
  );
});
