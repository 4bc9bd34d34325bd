import assert from "node:assert/strict";
import test from "node:test";

import { floats, fromBase64, images, toBase64, typedArray } from "../../../assets/shared/bytes.js";

const base64 = (values) => Buffer.from(values.buffer).toString("base64");

test("bytes go into base64 and come back", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 31) % 256);
  assert.equal(toBase64(bytes), base64(bytes));
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.deepEqual(fromBase64(""), new Uint8Array());
});

test("floats come as they were, to the last bit", () => {
  const values = Float32Array.from([0, -0, 1 / 3, 1e-40, -3.4e38, Infinity, NaN]);
  assert.deepEqual(floats(base64(values)), values);
});

test("an array of plotly's is of the type that it says", () => {
  for (const [dtype, values] of Object.entries({
    f4: Float32Array.of(0.5, -1),
    f8: Float64Array.of(1 / 3),
    u1: Uint8Array.of(255),
    u2: Uint16Array.of(65_535),
    u4: Uint32Array.of(4e9),
    i8: BigInt64Array.of(-5n),
  })) {
    assert.deepEqual(typedArray({ dtype, bdata: base64(values) }), values);
  }
});

test("pictures are cut apart by their height and width, however they are stacked", () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i);
  for (const shape of [
    [4, 2, 3],
    [2, 2, 2, 3],
  ]) {
    const found = images({ shape, pixels: base64(bytes) });
    assert.deepEqual(
      found.map((picture) => [...picture]),
      [0, 6, 12, 18].map((first) => [...bytes.slice(first, first + 6)]),
    );
  }
  assert.equal(images({ shape: [2, 3], pixels: base64(bytes.slice(0, 6)) }).length, 1);
});
