import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";

import { use } from "../../../assets/shared/texts.js";
import { begun } from "../../../assets/train/training.js";
import { detail, headline } from "../../../assets/train/words.js";

/** @typedef {import("../../../assets/train/training.js").Training} Training */

const read = (/** @type {string} */ language) =>
  JSON.parse(readFileSync(new URL(`../../../assets/texts/${language}.json`, import.meta.url), "utf-8"));
const ENGLISH = read("en");

/** @type {Training} */
const WAITING = {
  number: 1,
  state: "waiting",
  sentence: "",
  place: 1,
  seconds: 0,
  epochs: 50,
  latent_dim: 2,
  model: null,
  progress: {},
};

/**
 * @param {number} epoch
 * @param {number | null} kl
 * @param {Partial<Training>} other
 * @returns {Training}
 */
const reached = (epoch, kl, other) => {
  const losses = { reconstruction: [30], test_reconstruction: [31], kl: [kl] };
  return { ...WAITING, state: "running", ...other, progress: { epoch, losses, points: "", pictures: "", side: 8 } };
};

beforeEach(() => use("en", ENGLISH));
afterEach(() => use("en", {}));

test("who waits is told how many are before", () => {
  assert.equal(headline({ ...WAITING, place: 3 }), "Waiting in line: 2 before yours.");
  assert.equal(headline(WAITING), "Waiting in line: yours is next.");
});

test("the first thing that a training does is to load PyTorch", () => {
  const training = /** @type {Training} */ ({ ...WAITING, state: "running", seconds: 3.4 });
  assert.equal(begun(training.progress), null);
  assert.equal(headline(training), "Starting…");
  assert.equal(detail(training, 0), "3 s · a new process is loading PyTorch");
});

test("how long a training takes is guessed from the third epoch on", () => {
  assert.equal(headline(reached(10, 1, {})), "Epoch 10 of 50");
  assert.equal(detail(reached(2, 1, { seconds: 5 }), 4), "5 s");
  assert.equal(detail(reached(10, 1, { seconds: 6 }), 4), "6 s · about 8 s left");
});

test("after the last epoch it is measured and packed", () => {
  const training = reached(50, 1, { seconds: 14 });
  assert.equal(headline(training), "Measuring and packing…");
  assert.equal(detail(training, 4), "14 s");
});

test("what is done says so, and when its codes say nothing", () => {
  assert.equal(headline(reached(1, 1, { state: "done", epochs: 1 })), "Done: 1 epoch.");
  const done = { state: /** @type {const} */ ("done"), seconds: 15.6 };
  assert.equal(headline(reached(50, 1, done)), "Done: 50 epochs.");
  assert.equal(detail(reached(50, 1, done), 4), "16 s. It is yours: open it on the map, or take it with you.");
  assert.match(detail(reached(50, 0.05, done), 4), /nearly zero/);
});

test("why it failed is said in the page's language", () => {
  const chinese = read("zh-CN");
  use("zh-CN", chinese);
  const sentence = { key: "told.train.diverged", values: {} };
  const failed = { ...WAITING, state: /** @type {const} */ ("failed"), sentence };
  assert.equal(headline(failed), chinese["told.train.diverged"]);
  assert.equal(detail(failed, 0), "");
});
