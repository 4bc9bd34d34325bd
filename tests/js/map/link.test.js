import assert from "node:assert/strict";
import test from "node:test";

import { read, target, write } from "../../../assets/map/link.js";
import { KEYS, numbers, state, TABLE } from "../../../assets/map/state.js";

const FITS = {
  dimensions: 3,
  classes: 10,
  variational: true,
  tools: ["point", "walk", "history"],
  others: ["tsne", "mnist-ae-2d"],
  project: ([x, y]) => [x, y],
};
const NEW = { ...state, model: "digits", x: 0, y: 0 };

/** What a link to a state says, without what it leaves out. */
const says = (values) => {
  const said = Object.entries(write({ ...NEW, ...values })).filter(([, text]) => text !== null);
  return Object.fromEntries(said);
};
const reads = (query, fits = {}) => read(new URLSearchParams(query), { ...FITS, ...fits });

test("a link to a new map says where it is and nothing else", () => {
  assert.deepEqual(says({}), { model: "digits", x: "0", y: "0" });
});

test("a link's place has four digits, as what is asked for", () => {
  const said = says({ x: 1.23456789, y: -0.00004 });
  assert.deepEqual([said.x, said.y], ["1.2346", "0"]);
});

test("a latent of its own stands in the place of x and y", () => {
  assert.deepEqual(says({ z: [1 / 3, -2, 0] }), { model: "digits", z: "0.333333,-2,0" });
});

test("all that a link says is read back as it was", () => {
  const values = {
    view: [-1, 1, -2, 2],
    hidden: new Set([3, 7]),
    tool: "history",
    lattice: true,
    heat: "prior",
    anchors: [
      { x: 1, y: 2, point: null, z: [1, 2, 3] },
      { x: -1, y: 0.5, point: null, z: [-1, 0.5, 0] },
    ],
    method: "spherical",
    other: "tsne",
    moment: 4.5,
  };
  const { values: found, damaged } = reads(says(values));
  assert.deepEqual(found, values);
  assert.deepEqual(damaged, []);
});

test("anchors whose latents are still to come are not in the link", () => {
  const anchors = [
    { x: 0, y: 0, point: 1, z: null },
    { x: 1, y: 1, point: null, z: [1, 1, 1] },
  ];
  assert.equal(says({ anchors }).anchors, undefined);
});

test("how a walk goes and which moment is shown are said only where there is a walk, and while it is shown", () => {
  const anchors = [{ x: 0, y: 0, point: null, z: [0, 0, 0] }];
  assert.equal(says({ method: "spherical" }).walk, undefined);
  assert.equal(says({ method: "spherical", anchors }).walk, "spherical");
  assert.equal(says({ moment: 2 }).moment, undefined);
  assert.equal(says({ moment: 2, tool: "history" }).moment, "2");
});

test("what is not in the table's links is in no link", () => {
  const keys = KEYS.map((key) => TABLE[key].link).filter(Boolean);
  assert.deepEqual(Object.keys(write(NEW)), keys);
  assert.equal(new Set(keys).size, keys.length);
});

for (const [query, damaged] of [
  ["view=1,0,0,1", "view"],
  ["view=1,2,3", "view"],
  ["hide=10", "hide"],
  ["hide=1.5", "hide"],
  ["hide=-1", "hide"],
  ["tool=toString", "tool"],
  ["lattice=yes", "lattice"],
  ["heat=__proto__", "heat"],
  ["z=1,2", "z"],
  ["z=1,2,NaN", "z"],
  ["z=1,2,1e7", "z"],
  ["z=1,,2", "z"],
  ["anchors=1,2,3;4,5", "anchors"],
  ["anchors=1,2,3;1,2,3;1,2,3;1,2,3;1,2,3;1,2,3", "anchors"],
  ["walk=straight", "walk"],
  ["with=fashion-ae-2d", "with"],
  ["moment=now", "moment"],
  ["moment=1,2", "moment"],
]) {
  test(`a link with ${query} is damaged there, and only there`, () => {
    const { values, damaged: found } = reads(`${query}&unknown=1`);
    assert.deepEqual([values, found], [{}, [damaged]]);
  });
}

test("the prior is no heat map of a plain autoencoder", () => {
  assert.deepEqual(reads("heat=prior", { variational: false }).damaged, ["heat"]);
});

test("a damaged part leaves the others whole", () => {
  const { values, damaged } = reads("hide=99&heat=density&view=&tool=walk");
  assert.deepEqual(values, { heat: "density", tool: "walk" });
  assert.deepEqual(damaged, ["hide"]);
});

const opens = (query) => target(new URLSearchParams(query), ["first", "second"]);

test("without a word the first map is opened, at its start", () => {
  assert.deepEqual(opens(""), { model: "first", place: undefined, plane: null });
});

test("a link opens its map at its place", () => {
  const place = { x: 1.5, y: -2, point: 7 };
  assert.deepEqual(opens("model=second&x=1.5&y=-2&point=7&plane=z0-z1"), { model: "second", place, plane: "z0-z1" });
  assert.deepEqual(opens("point=3").place, { x: undefined, y: undefined, point: 3 });
  assert.deepEqual(opens("y=3").place, { x: undefined, y: 3, point: null });
  assert.equal(opens("x=&y=%20").place, undefined);
});

test("an unknown map is the first one", () => {
  assert.deepEqual(opens("model=third&x=1"), { model: "first", plane: null, problem: "model" });
  assert.equal(opens("model=__proto__").problem, "model");
});

for (const query of ["x=1e7", "x=NaN", "y=Infinity", "y=one", "point=-1", "point=1.5", "point=x"]) {
  test(`${query} is no place`, () => {
    assert.deepEqual(opens(`model=second&${query}`), { model: "second", plane: null, problem: "place" });
  });
}

test("numbers are finite and as many as are wanted", () => {
  assert.deepEqual(numbers("1, -2.5,3e2"), [1, -2.5, 300]);
  assert.deepEqual(numbers("1,2", 2), [1, 2]);
  for (const [text, count] of [
    ["1,2", 3],
    ["", 0],
    ["1,", 0],
    ["Infinity", 1],
    ["0x", 1],
  ]) {
    assert.throws(() => numbers(text, count));
  }
});
