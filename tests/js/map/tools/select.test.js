import assert from "node:assert/strict";
import test from "node:test";

import { box, edges, insideOf, isFar, within } from "../../../../assets/map/tools/select/lasso.js";

const SQUARE = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
];
const HOLLOW = [
  [0, 0],
  [4, 0],
  [4, 4],
  [2, 1],
  [0, 4],
]; // a square with a notch from above
const STAR = [
  [0, 3],
  [2, -3],
  [-3, 1],
  [3, 1],
  [-2, -3],
];

test("what is within a ring is, what is outside is not", () => {
  assert.ok(within(1, 1, SQUARE));
  for (const [x, y] of [
    [5, 1],
    [-1, 1],
    [1, 5],
    [1, -1],
  ])
    assert.ok(!within(x, y, SQUARE));
});

test("a notch is outside", () => {
  assert.ok(!within(2, 3, HOLLOW));
  assert.ok(within(0.5, 2.5, HOLLOW));
});

test("a place around which the ring goes twice is outside, by the even-odd rule", () => {
  assert.ok(!within(0, 0, STAR));
  assert.ok(within(0, 2, STAR));
});

test("it does not matter which way or from where a ring is drawn", () => {
  for (const [x, y] of [
    [2, 3],
    [0.5, 2.5],
    [3.5, 3],
    [2, 0.5],
  ]) {
    assert.equal(within(x, y, [...HOLLOW].reverse()), within(x, y, HOLLOW));
    assert.equal(within(x, y, [...HOLLOW.slice(2), ...HOLLOW.slice(0, 2)]), within(x, y, HOLLOW));
  }
});

test("the ring's box rules out nothing that is within", () => {
  const inside = insideOf(STAR);
  for (let x = -4; x <= 4; x += 0.23) {
    for (let y = -4; y <= 4; y += 0.23) assert.equal(inside(x, y), within(x, y, STAR));
  }
  assert.deepEqual(edges(STAR), [
    [-3, -3],
    [3, 3],
  ]);
});

test("fewer than three places hold nothing", () => {
  for (const ring of [
    [[0, 0]],
    [
      [0, 0],
      [1, 1],
    ],
  ])
    assert.ok(!insideOf(ring)(0.5, 0.5));
});

test("a box goes from where it was begun to any corner", () => {
  assert.ok(insideOf(box([[3, 3]], [-1, -2]))(0, 0));
  assert.deepEqual(box(box([[0, 0]], [9, 9]), [2, 1]), [
    [0, 0],
    [2, 0],
    [2, 1],
    [0, 1],
  ]);
});

test("a pointer's small steps are passed over", () => {
  assert.deepEqual([isFar([0, 0], [1, 1]), isFar([0, 0], [2, 0])], [false, true]);
});
