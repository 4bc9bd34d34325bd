import assert from "node:assert/strict";
import test from "node:test";

import { extent, path, roundTop, scale } from "../../../assets/shared/curve.js";

test("an axis may run either way", () => {
  const across = scale([1, 5], [10, 50]);
  const down = scale([0, 2], [100, 0]);
  assert.deepEqual([1, 3, 5].map(across), [10, 30, 50]);
  assert.deepEqual([0, 0.5, 2].map(down), [100, 75, 0]);
});

test("what never changes is drawn at its axis's beginning", () => {
  assert.equal(scale([3, 3], [100, 0])(3), 100);
  assert.equal(scale([1, 1], [10, 50])(1), 10);
});

test("an axis ends at a round number that no loss exceeds", () => {
  assert.deepEqual([0.3, 1, 1.01, 39.9, 61, 1000].map(roundTop), [1, 1, 2, 40, 80, 1000]);
  assert.equal(roundTop(4321), 4321);
});

test("the extent passes over what is not finite", () => {
  assert.deepEqual(extent([[4, null, 2], [3]]), [2, 4]);
  assert.deepEqual(extent([[null], []]), [Infinity, -Infinity]);
});

test("a curve goes on over an epoch whose loss is not finite", () => {
  const itself = (/** @type {number} */ value) => value;
  assert.deepEqual(path([7, null, 5], itself, itself), [
    [1, 7],
    [3, 5],
  ]);
});
