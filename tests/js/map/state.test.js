import assert from "node:assert/strict";
import test, { afterEach } from "node:test";

import { change, forget, KEYS, snapshot, state, TABLE, watch } from "../../../assets/map/state.js";

const usual = Object.fromEntries(KEYS.map((key) => [key, TABLE[key].default]));
afterEach(() => Object.assign(state, usual));

test("who watches a value is told when it is another, with what it was", () => {
  const told = [];
  watch("heat", (...values) => told.push(values));
  change({ heat: "density" });
  change({ heat: "density", lattice: true });
  change({ heat: "" });
  assert.deepEqual(told, [
    ["density", ""],
    ["", "density"],
  ]);
});

test("when anybody is told, all values are set", () => {
  let seen;
  watch("tool", () => (seen = state.sampling));
  change({ tool: "sample", sampling: "box" });
  assert.equal(seen, "box");
});

test("a change within a change is told once", () => {
  const told = [];
  watch("moment", (moment) => told.push(moment));
  watch("method", () => change({ moment: 3 }));
  change({ method: "spherical" });
  assert.deepEqual(told, [3]);
});

test("another plane takes with it what lies in the old one, and nothing else", () => {
  const set = {
    model: "digits",
    point: 3,
    z: [1, 2],
    hidden: new Set([1]),
    tool: "walk",
    lattice: true,
    heat: "density",
    other: "tsne",
    selected: [1, 2],
    moment: 2,
    anchors: [{ x: 0, y: 0, point: 3, z: null }],
  };
  Object.assign(state, set);
  forget(false);
  const gone = { point: null, z: null, selected: [], moment: null, anchors: [] };
  assert.deepEqual({ ...state }, { ...usual, ...set, ...gone });
});

test("another model takes its hidden classes and what is beside it as well", () => {
  Object.assign(state, { hidden: new Set([1]), other: "tsne", lattice: true, heat: "drift", tool: "draw" });
  forget(true);
  assert.deepEqual([state.hidden.size, state.other], [0, ""]);
  assert.deepEqual([state.lattice, state.heat, state.tool], [true, "drift", "draw"]);
});

test("what is forgotten is told to nobody", () => {
  const told = [];
  watch("other", (other) => told.push(other));
  Object.assign(state, { other: "tsne" });
  forget(true);
  assert.deepEqual(told, []);
});

test("a snapshot is what decides which picture is shown", () => {
  Object.assign(state, { model: "digits", plane: "z0-z1", x: 1, y: 2, point: 3, heat: "drift" });
  assert.deepEqual(snapshot(), { model: "digits", plane: "z0-z1", x: 1, y: 2, point: 3, z: null });
});
