import assert from "node:assert/strict";
import test from "node:test";

import * as figure from "../../../assets/map/figure.js";

const pack = (dtype, values) => ({ dtype, bdata: Buffer.from(values.buffer).toString("base64") });
const trace = (color, x, y, indices) => ({
  x: pack("f4", Float32Array.from(x)),
  y: pack("f8", Float64Array.from(y)),
  customdata: pack("u4", Uint32Array.from(indices)),
  marker: { color },
});

test("a figure's traces become one row a point, and lie unpacked where plotly draws them", () => {
  const meta = { origin: [1], axes: [[2], [3]] };
  const sent = {
    data: [trace("#111111", [1, 2], [3, 4], [5, 0]), trace("#222222", [7], [8], [70_000])],
    layout: { meta },
  };
  figure.take(sent);
  assert.deepEqual(figure.points, { x: [1, 2, 7], y: [3, 4, 8], label: [0, 0, 1], index: [5, 0, 70_000] });
  assert.deepEqual(figure.colours, ["#111111", "#222222"]);
  assert.equal(figure.plane, meta);
  assert.deepEqual(sent.data[0].x, Float32Array.from([1, 2]));
  assert.deepEqual([figure.rowOf(0), figure.rowOf(6), figure.at(2)], [1, -1, [7, 8]]);
});
