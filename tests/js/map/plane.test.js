import assert from "node:assert/strict";
import test from "node:test";

import { cells, latentAt, project, round } from "../../../assets/map/plane.js";

const PLANE = {
  origin: [1, 1, 1],
  axes: [
    [0.6, 0.8, 0],
    [0, 0, 1],
  ],
};
const near = (found, expected) => {
  for (const [i, value] of found.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-6, `${found}`);
};

test("a latent's place is counted from the origin along both axes", () => {
  near(project([1, 1, 1], PLANE), [0, 0]);
  near(project([1.6, 1.8, 3], PLANE), [1, 2]);
});

test("what is off the plane does not move the place", () => {
  near(project([1.6 + 0.8, 1.8 - 0.6, 3], PLANE), [1, 2]);
});

test("the latent at an anchor's own place is the anchor", () => {
  const anchor = [3.25, -1.5, 0.125];
  near(latentAt(project(anchor, PLANE), anchor, PLANE), anchor);
});

test("a latent keeps what its anchor has off the plane, and lies at its place", () => {
  const anchor = [3, -1, 0];
  const found = latentAt([2, -3], anchor, PLANE);
  near(project(found, PLANE), [2, -3]);
  const off = (z) => 0.8 * z[0] - 0.6 * z[1];
  near([off(found)], [off(anchor)]);
});

test("a latent has seven digits", () => {
  assert.deepEqual(latentAt([0, 0], [1, 1, 1 / 3], { ...PLANE, origin: [1, 1, 1 / 3] }), [1, 1, 0.3333333]);
});

test("places are rounded to four digits", () => {
  assert.deepEqual([1.00004, -2.00006].map(round), [1, -2.0001]);
});

test("cells cover all that is seen, about as many as are wanted", () => {
  for (const [ranges, pixels] of [
    [
      [
        [-3.1, 4.7],
        [-2, 2.3],
      ],
      [860, 480],
    ],
    [
      [
        [0.01, 0.0131],
        [5, 5.0021],
      ],
      [700, 480],
    ],
    [
      [
        [-30, 10],
        [-100, 100],
      ],
      [200, 1000],
    ],
  ]) {
    const { grid, box } = cells(ranges, pixels, 400, 64);
    assert.ok(box[0] <= ranges[0][0] && box[1] >= ranges[0][1] && box[2] <= ranges[1][0] && box[3] >= ranges[1][1]);
    assert.ok(grid.n * grid.rows > 150 && grid.n * grid.rows < 1000, `${grid.n} × ${grid.rows}`);
    assert.ok(grid.n <= 64 && grid.rows <= 64);
  }
});

test("a tall view has larger cells rather than too many each way", () => {
  const { grid, box } = cells(
    [
      [0, 1],
      [0, 100],
    ],
    [10, 1000],
    400,
    40,
  );
  assert.ok(grid.rows <= 40);
  assert.ok(box[2] <= 0 && box[3] >= 100);
});

test("what is decoded does not swim as the map pans", () => {
  const at = (shift) =>
    cells(
      [
        [shift, 4 + shift],
        [0, 2],
      ],
      [800, 400],
      400,
      64,
    ).grid;
  const step = (grid) => (grid.x1 - grid.x0) / (grid.n - 1);
  const [here, there] = [at(0), at(0.37)];
  assert.equal(step(here), step(there));
  const between = (there.x0 - here.x0) / step(here);
  assert.ok(Math.abs(between - Math.round(between)) < 1e-9);
});
