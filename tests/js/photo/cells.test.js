import assert from "node:assert/strict";
import test from "node:test";

import { boxOf, cellAt, clamped, isSame, latentAt, moved } from "../../../assets/photo/cells.js";
import { inPhoto, read } from "../../../assets/photo/photo.js";

const GRID = { rows: 4, columns: 6 };

test("a pointer beside the picture points at the nearest cell", () => {
  const box = { left: 100, top: 50, width: 60, height: 40 };
  const at = (/** @type {number} */ clientX, /** @type {number} */ clientY) =>
    cellAt({ clientX, clientY }, box, GRID, GRID);
  assert.deepEqual(at(100, 50), { row: 0, column: 0 });
  assert.deepEqual(at(125, 89), { row: 3, column: 2 });
  assert.deepEqual(at(160, 90), { row: 3, column: 5 }); // its far corner, where a next cell would begin
  assert.deepEqual(at(-7, 1000), { row: 3, column: 0 });
});

test("a photo that ends within its last cells shows only a part of them", () => {
  const photo = { width: 44, height: 32, step: 8 };
  assert.deepEqual(inPhoto(photo), { rows: 4, columns: 5.5 });
  const box = { left: 0, top: 0, width: 440, height: 320 };
  assert.deepEqual(cellAt({ clientX: 439, clientY: 0 }, box, inPhoto(photo), GRID), { row: 0, column: 5 });
  assert.deepEqual(cellAt({ clientX: 401, clientY: 0 }, box, inPhoto(photo), GRID), { row: 0, column: 5 });
  assert.deepEqual(cellAt({ clientX: 399, clientY: 0 }, box, inPhoto(photo), GRID), { row: 0, column: 4 });
});

test("the arrow keys go from the middle on and stop at the edges", () => {
  assert.deepEqual(moved(null, "ArrowDown", GRID), { row: 3, column: 3 });
  assert.deepEqual(moved({ row: 1, column: 2 }, "ArrowLeft", GRID), { row: 1, column: 1 });
  assert.deepEqual(moved({ row: 0, column: 5 }, "ArrowUp", GRID), { row: 0, column: 5 });
  assert.deepEqual(moved({ row: 0, column: 5 }, "ArrowRight", GRID), { row: 0, column: 5 });
});

test("other keys lead nowhere", () => {
  for (const key of ["Enter", "Tab", "a", "toString", "constructor"]) assert.equal(moved(null, key, GRID), null);
});

test("a grid of one cell has only that one", () => {
  const one = { rows: 1, columns: 1 };
  assert.deepEqual(clamped({ row: 3, column: -2 }, one), { row: 0, column: 0 });
  assert.deepEqual(moved(null, "ArrowRight", one), { row: 0, column: 0 });
});

test("a cell's marker covers its part of the picture", () => {
  assert.deepEqual(boxOf({ row: 1, column: 3 }, GRID), { left: 0.5, top: 0.25, width: 1 / 6, height: 0.25 });
});

test("a cell's latent is one number of each channel", () => {
  const values = Float32Array.from({ length: 3 * 24 }, (_, i) => i);
  assert.deepEqual(latentAt(values, { row: 2, column: 5 }, GRID), [17, 41, 65]);
});

test("two cells are the same by row and column", () => {
  assert(isSame({ row: 1, column: 2 }, { row: 1, column: 2 }));
  assert(!isSame({ row: 1, column: 2 }, { row: 2, column: 1 }));
  assert(!isSame(null, { row: 0, column: 0 }));
});

test("an answer's latents are read as float32", () => {
  const latents = Buffer.from(new Float32Array([1.5, -2, 0.25]).buffer).toString("base64");
  const answer = /** @type {import("../../../assets/photo/photo.js").Answer} */ ({ key: "a", latents });
  assert.deepEqual([...read(answer).values], [1.5, -2, 0.25]);
});
