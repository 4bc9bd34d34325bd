import assert from "node:assert/strict";
import test from "node:test";

import { nearest } from "../../../assets/shared/points.js";

const X = Float32Array.of(0, 1, 2, 1);
const Y = Float32Array.of(0, 1, 0, -1);
const AXES = [
  [100, 50],
  [80, -40],
]; // as a map's, whose up is down in pixels
const all = () => true;

test("the nearest point is found in pixels, not on the map", () => {
  assert.equal(nearest(X, Y, AXES, [150, 45], Infinity, all), 1);
  assert.equal(nearest(X, Y, AXES, [150, 115], Infinity, all), 3);
  assert.equal(nearest(X, Y, AXES, [124, 80], Infinity, all), 0);
});

test("beyond the radius there is none", () => {
  assert.equal(nearest(X, Y, AXES, [100, 88], 8.1, all), 0);
  assert.equal(nearest(X, Y, AXES, [100, 88], 8, all), -1);
});

test("what is not shown is passed over", () => {
  assert.equal(
    nearest(X, Y, AXES, [100, 80], Infinity, (row) => row !== 0),
    1,
  );
  assert.equal(
    nearest(X, Y, AXES, [100, 80], Infinity, () => false),
    -1,
  );
});

test("of two as near the first is meant, and of none there is none", () => {
  assert.equal(nearest([1, 1], [1, 1], AXES, [0, 0], Infinity, all), 0);
  assert.equal(nearest([], [], AXES, [0, 0], Infinity, all), -1);
});
