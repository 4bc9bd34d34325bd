import assert from "node:assert/strict";
import test from "node:test";

import { between, cloudOf, middle, projection } from "../../../assets/train/cloud.js";

const CORNERS = [-1, 1, 3, 1, -1, -3, 3, -3]; // x and y in turn

test("the box lies around the points, with a margin", () => {
  assert.deepEqual(cloudOf(CORNERS).box, [1, -1, 2.2]);
});

test("a few points far away do not shrink the cloud", () => {
  const ring = Array.from({ length: 1000 }, (_, i) => [Math.cos(i), Math.sin(i)]).flat();
  const [x, y, half] = cloudOf([...ring, 1e6, 1e6, -1e6, 1e6]).box;
  assert(Math.hypot(x, y) < 0.01);
  assert(Math.abs(half - 1.1) < 0.01);
});

test("points that fall together keep a box", () => {
  const { box } = cloudOf([2, 3, 2, 3]);
  assert.deepEqual(box.slice(0, 2), [2, 3]);
  assert(box[2] > 0);
});

test("the points that are sorted for the box stay where they were", () => {
  const points = [3, 1, -2, 5, 0, 0];
  cloudOf(points);
  assert.deepEqual(points, [3, 1, -2, 5, 0, 0]);
});

test("a cloud moves from one place to the other", () => {
  const [from, to] = [cloudOf(CORNERS), cloudOf(CORNERS.map((value) => 2 * value))];
  assert.deepEqual(between(from, to, 0), from);
  assert.deepEqual(between(from, to, 1), to);
  assert.deepEqual(between(from, to, 0.5).points, [-1.5, 1.5, 4.5, 1.5, -1.5, -4.5, 4.5, -4.5]);
});

test("the box is as large as fits in the canvas's middle, and y points upwards", () => {
  const { place, origin } = projection({ points: [1, 2, 3, 2, 1, 4], box: [1, 2, 2] }, 400, 200);
  assert.deepEqual(place(0), [200, 100]);
  assert.deepEqual(place(1), [300, 100]);
  assert.deepEqual(place(2), [200, 0]);
  assert.deepEqual(origin, [150, 200]);
});

test("a class's middle is not moved by one of its points that lies far away", () => {
  const places = [
    [0, 0],
    [9, 9],
    [1, 5],
    [900, 4],
    [2, 3],
  ];
  /** @type {import("../../../assets/train/cloud.js").Place} */
  const place = (i) => [places[i][0], places[i][1]];
  assert.deepEqual(middle([0, 1, 0, 0, 0], 0, place), { x: 2, y: 4 });
  assert.deepEqual(middle([0, 1, 0, 0, 0], 1, place), { x: 9, y: 9 });
});
