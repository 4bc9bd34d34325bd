import assert from "node:assert/strict";
import test from "node:test";

import { decimal, grouped, short } from "../../../assets/shared/numbers.js";

test("a negative number has a true minus sign", () => {
  assert.deepEqual([decimal(-1.25, 1), decimal(2, 3), decimal(-0.001, 2)], ["−1.3", "2.000", "−0.00"]);
});

test("thousands are set apart", () => {
  assert.deepEqual([grouped(999), grouped(10_000), grouped(1_234_567)], ["999", "10,000", "1,234,567"]);
});

test("a link's number has six digits and no more signs than it needs", () => {
  assert.deepEqual([1 / 3, 2, -1.50000001, 1e-7, 123_456_789].map(short), [
    "0.333333",
    "2",
    "-1.5",
    "1e-7",
    "123457000",
  ]);
});
