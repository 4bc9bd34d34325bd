import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Questions } from "../../../assets/photo/questions.js";

/** @typedef {import("../../../assets/photo/questions.js").Question} Question */

/** @type {Question[]} */
let sent;
/** @type {(Question | null)[]} */
let told;
/** @type {Questions} */
let questions;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  [sent, told] = [[], []];
  questions = new Questions(
    (question) => sent.push(question),
    (question) => told.push(question),
  );
});

test("one question is under way at a time, and of those that wait the newest", () => {
  const [first, second, third] = [1, 2, 3].map((row) => ({ decode: true, point: { row, column: 0 } }));
  for (const question of [first, second, third]) questions.ask(question);
  assert.deepEqual(sent, [first]);
  questions.answered();
  assert.deepEqual(sent, [first, third]);
  questions.answered();
  questions.answered();
  assert.deepEqual(sent, [first, third]);
});

test("a click that comes last does not swallow an edit that waits", () => {
  questions.ask({ decode: true });
  questions.ask({ decode: true });
  questions.ask({ decode: false, point: { row: 1, column: 2 } });
  questions.answered();
  assert.deepEqual(sent[1], { decode: true, point: { row: 1, column: 2 } });
});

test("what waits is forgotten with what it belongs to", () => {
  questions.ask({ decode: true });
  questions.ask({ decode: false });
  questions.forget();
  questions.answered();
  assert.equal(sent.length, 1);
});

test("it is told what is under way, and when nothing is", () => {
  questions.ask({ decode: true });
  questions.ask({ decode: false });
  questions.answered();
  questions.answered();
  assert.deepEqual(told, [{ decode: true }, null, { decode: false }, null]);
});

test("an answer that never comes does not lock the controls", () => {
  questions.ask({ decode: true });
  questions.ask({ decode: false });
  mock.timers.tick(29_999);
  assert.equal(sent.length, 1);
  mock.timers.tick(1);
  assert.equal(sent.length, 2);
});

test("an answer in time ends the patience with its question only", () => {
  questions.ask({ decode: true });
  mock.timers.tick(20_000);
  questions.answered();
  questions.ask({ decode: true });
  mock.timers.tick(20_000);
  questions.ask({ decode: false });
  assert.equal(sent.length, 2);
  mock.timers.tick(10_000);
  assert.equal(sent.length, 3);
});
