import assert from "node:assert/strict";
import test from "node:test";

import { snippet } from "../../../assets/map/snippet.js";

const FLAT = { model: "fashion-ae-2d", plane: null, x: 0.5, y: -1.25, point: null, z: null };
const DEEP = { ...FLAT, model: "mnist-vae-20d" };
const here = (dimensions, latent = null, onPoint = false) => ({ dimensions, latent, onPoint });
const lines = (...given) =>
  snippet(...given)
    .split("\n")
    .slice(4, 6);

test("a place of a flat map is its latent", () => {
  const expected = ['space = explorer.load("fashion-ae-2d")', "z = [[0.5, -1.25]]  # (1, 2)"];
  assert.deepEqual(lines(FLAT, here(2)), expected);
});

test("a test point is taken from the encoded test set", () => {
  assert.equal(lines({ ...DEEP, point: 7 }, here(20, null, true))[1], "z = space.latents[[7]]  # (1, 20)");
});

test("beside it the plane goes through it", () => {
  const [, z] = lines({ ...DEEP, point: 7 }, here(20));
  assert.equal(z, "z = space.from_plane([[0.5, -1.25]], anchor=space.latents[7])  # (1, 20)");
});

test("without a point the plane goes through its origin, and another plane is named", () => {
  const [space, z] = lines({ ...DEEP, plane: "z0-z3" }, here(20));
  assert.equal(space, 'space = explorer.load("mnist-vae-20d").in_plane("z0-z3")');
  assert.equal(z, "z = space.from_plane([[0.5, -1.25]])  # (1, 20)");
});

test("any other latent is written out, where the cursor stands", () => {
  assert.equal(lines({ ...DEEP, z: [0, 0, 0] }, here(3, [1, 2, 3.5]))[1], "z = [[1, 2, 3.5]]  # (1, 3)");
});
