import assert from "node:assert/strict";
import test from "node:test";

import { added, arrow, difference } from "../../../../assets/map/tools/direction/vector.js";
import { between } from "../../../../assets/map/tools/history/moments.js";
import { colourOf, levels, SHARES, STOPS } from "../../../../assets/map/tools/trust/heat.js";
import { forthAndBack } from "../../../../assets/map/tools/walk/film.js";

test("a film plays to its last picture and back to the first", () => {
  const shown = Array.from({ length: 9 }, (_, tick) => forthAndBack(tick, 4));
  assert.deepEqual(shown, [0, 1, 2, 3, 2, 1, 0, 1, 2]);
});

test("between two moments a value lies between theirs, and after the last it stays", () => {
  assert.deepEqual(
    [0, 0.5, 1, 1.25, 2].map((at) => between([0, 10, 50], at)),
    [0, 5, 10, 20, 50],
  );
});

test("a vector leads from one latent to the other", () => {
  const [from, to] = [
    [1, 2, 3],
    [2, 0, 3],
  ];
  assert.deepEqual(added(from, difference(from, to)), to);
  assert.deepEqual(added(from, difference(from, to), -0.5), [0.5, 3, 3]);
  assert.deepEqual(added([1 / 3], [0]), [0.3333333]);
});

test("an arrow ends where it leads, its barbs behind it", () => {
  const numbers =
    arrow([0, 0], [100, 0])
      .match(/-?[\d.]+/g)
      ?.map(Number) ?? [];
  const [x, y, u, v, left, above, , , right, below] = numbers;
  assert.deepEqual([x, y, u, v], [0, 0, 100, 0]);
  assert.ok(left < 100 && right < 100 && Math.abs(above + below) < 1e-9 && above !== below);
});

test("heat is brown at its low end and teal at its high one, and no further", () => {
  assert.deepEqual(colourOf(0), STOPS[0]);
  assert.deepEqual(colourOf(-9), STOPS[0]);
  assert.deepEqual(colourOf(1), STOPS[4]);
  assert.deepEqual(colourOf(Infinity), STOPS[4]);
  assert.deepEqual(colourOf(0.5), STOPS[2]);
  assert.deepEqual(
    colourOf(0.125),
    STOPS[0].map((low, i) => (low + STOPS[1][i]) / 2),
  );
});

test("a drift as of the data's own latents is to be trusted", () => {
  const share = (drift) => SHARES.drift(drift, { dimensions: 2, typical: 0.5 });
  assert.ok(Math.abs(share(0.5) - 1) < 1e-6);
  assert.ok(share(0.5 * 2 ** 5) < 1e-6);
  assert.ok(Number.isFinite(share(0)));
});

test("the prior is trusted about where nearly all of it lies, in any number of dimensions", () => {
  for (const dimensions of [2, 20]) {
    const logDensity = (radius) => -(radius ** 2) / 2 - (dimensions / 2) * Math.log(2 * Math.PI);
    const share = (radius) => SHARES.prior(logDensity(radius), { dimensions });
    assert.ok(share(Math.sqrt(dimensions)) > 0.6);
    assert.ok(share(Math.sqrt(dimensions) + 4) < 0);
  }
});

test("a colour's levels are read from its hexadecimal digits", () => {
  assert.deepEqual(levels("#3f90da"), [63, 144, 218]);
});
