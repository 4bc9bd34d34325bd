import assert from "node:assert/strict";
import test from "node:test";

import { Newest } from "../../../assets/shared/newest.js";

/** Questions that are answered by hand: `heard` notes what was asked, shown and failed. */
function asking(pause = 0) {
  const heard = { asked: [], shown: [], failed: [] };
  const open = [];
  const ask = (question) => {
    heard.asked.push(question);
    return new Promise((resolve, reject) => open.push({ resolve, reject }));
  };
  const newest = new Newest(
    ask,
    (...shown) => heard.shown.push(shown),
    (sentence) => heard.failed.push(sentence),
    pause,
  );
  const answer = async (value) => {
    open.shift().resolve(value);
    await settled();
  };
  const fail = async (sentence) => {
    open.shift().reject(new Error(sentence));
    await settled();
  };
  return { newest, heard, answer, fail };
}

const settled = () => new Promise(setImmediate);

test("one question is on its way, the newest waits, and those between are never asked", async () => {
  const { newest, heard, answer } = asking();
  for (const question of [1, 2, 3, 4]) newest.ask(question);
  assert.deepEqual(heard.asked, [1]);
  await answer("one");
  assert.deepEqual(heard.asked, [1, 4]);
  await answer("four");
  assert.deepEqual(
    heard.shown.map(([shown]) => shown),
    ["one", "four"],
  );
});

test("an answer is shown with what was beside its question", async () => {
  const { newest, heard, answer } = asking();
  newest.ask("a", "beside a");
  newest.ask("b", "beside b");
  await answer("A");
  await answer("B");
  assert.deepEqual(heard.shown, [
    ["A", "beside a"],
    ["B", "beside b"],
  ]);
});

test("what was dropped is neither shown nor asked, and the next question is", async () => {
  const { newest, heard, answer, fail } = asking();
  newest.ask("old");
  newest.ask("older still");
  newest.drop();
  newest.ask("new");
  await answer("late");
  assert.deepEqual(heard.shown, []);
  assert.deepEqual(heard.asked, ["old", "new"]);
  newest.drop();
  await fail("too late");
  assert.deepEqual(heard.failed, []);
});

test("a failure is told in its sentence, and does not stop what waits", async () => {
  const { newest, heard, answer, fail } = asking();
  newest.ask(1);
  newest.ask(2);
  await fail("Busy; try again.");
  await answer("two");
  assert.deepEqual(heard.failed, ["Busy; try again."]);
  assert.deepEqual(
    heard.shown.map(([shown]) => shown),
    ["two"],
  );
});

test("after a rest it asks again at once", async () => {
  const { newest, heard, answer } = asking();
  newest.ask(1);
  await answer("one");
  newest.ask(2);
  assert.deepEqual(heard.asked, [1, 2]);
});

test("between two questions there is a pause", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { newest, heard, answer } = asking(80);
  newest.ask(1);
  newest.ask(2);
  await answer("one");
  assert.deepEqual(heard.asked, [1]);
  t.mock.timers.tick(80);
  await settled();
  assert.deepEqual(heard.asked, [1, 2]);
});
