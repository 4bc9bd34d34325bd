// Which latent the cursor stands on. A map of more than two dimensions is a plane through its anchor.
const pointLatents = new Map(); // of test points that were picked
const dimensions = () => known.get(state.model).order.length;
const project = (z) => meta.axes.map((axis) => axis.reduce((sum, value, d) => sum + value * (z[d] - meta.origin[d]), 0));

function anchorHere() { // null while the picked point's latents are on their way
  return state.z ?? (state.point === null ? meta.origin : pointLatents.get(state.point) ?? null);
}

function latentHere() {
  if (dimensions() === 2) return [state.x, state.y];
  const anchor = anchorHere();
  if (!anchor) return null;
  const at = project(anchor), moved = [state.x - at[0], state.y - at[1]];
  return anchor.map((value, d) => Number((value + moved[0] * meta.axes[0][d] + moved[1] * meta.axes[1][d]).toPrecision(7)));
}

const rowOf = (index) => points.index.indexOf(index);

function rowHere() { // of the test point on which the cursor stands, not only through whose plane it moves
  const row = state.point === null ? -1 : rowOf(state.point);
  return row >= 0 && state.x === points.x[row] && state.y === points.y[row] ? row : -1;
}

function setLatent(z, when) {
  if (z.length === 2) moveTo(z[0], z[1], null, when);
  else moveTo(...project(z), null, when, z);
}

// What every question about this map carries.
const subject = () => ({ model: state.model, ...(state.plane && { plane: state.plane }) });

// Where the lattice and the heat map lie: null while it is not known yet.
function surface() {
  if (dimensions() === 2) return subject();
  const anchor = anchorHere();
  return anchor && { ...subject(), anchor };
}

let flight = 0;
function fly(row) {
  const mine = ++flight, from = [state.x, state.y], to = [points.x[row], points.y[row]], begin = performance.now();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const [point, z] = [state.point, state.z];
  bringIntoView(...to);
  const step = () => {
    if (mine !== flight) return;
    const share = still ? 1 : Math.min((performance.now() - begin) / 450, 1), eased = share * share * (3 - 2 * share);
    if (share < 1) {
      moveTo(from[0] + (to[0] - from[0]) * eased, from[1] + (to[1] - from[1]) * eased, point, performance.now(), z);
      return requestAnimationFrame(step);
    }
    moveTo(to[0], to[1], points.index[row]);
    pick();
    remember();
  };
  step();
}

function bringIntoView(x, y) {
  const [px, py] = toPixels(x, y);
  if (px >= 0 && py >= 0 && px <= plot.clientWidth && py <= plot.clientHeight) return;
  const change = {};
  axes().forEach((axis, i) => {
    const half = (axis.range[1] - axis.range[0]) / 2, middle = [x, y][i];
    change[`${["x", "y"][i]}axis.range`] = [middle - half, middle + half];
  });
  Plotly.relayout(plot, change);
}
