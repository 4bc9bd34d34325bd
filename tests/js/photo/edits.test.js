import assert from "node:assert/strict";
import test from "node:test";

import { isEdited, nextSample, noEdits, readSeed, unedited } from "../../../assets/photo/edits.js";

test("no edits change nothing", () => {
  const { channels, ...others } = noEdits(3);
  assert.equal(channels.length, 3);
  assert(!channels.some(isEdited));
  assert.deepEqual(others, { sigma: 0, noise_seed: 0, bits: 0, sample: null });
});

test("each channel is edited on its own", () => {
  const { channels } = noEdits(2);
  channels[0].gain = 2;
  assert.deepEqual(channels.map(isEdited), [true, false]);
  assert.deepEqual(noEdits(2).channels.map(isEdited), [false, false]);
});

test("a channel that is off, amplified or shifted is edited", () => {
  assert(isEdited({ ...unedited(), on: false }));
  assert(isEdited({ ...unedited(), gain: 0.95 }));
  assert(isEdited({ ...unedited(), offset: -0.05 }));
});

test("a seed is the nearest one that there is to what was typed", () => {
  const typed = ["7", "2.6", "-3", "", "abc", "1e99", "Infinity", "NaN"];
  assert.deepEqual(typed.map(readSeed), [7, 3, 0, 0, 0, 2147483647, 2147483647, 0]);
});

test("the posterior's samples are numbered from zero", () => {
  assert.equal(nextSample(null), 0);
  assert.equal(nextSample(0), 1);
  assert.equal(nextSample(41), 42);
});
