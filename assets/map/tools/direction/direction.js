// Class centroids on the map, and the vector from one to another, added to any point.
let based = null; // the latent that the vector is added to
let directed = null; // where the slider has led

const centroid = (role) => known.get(state.model).centroids[part(role).value];
const direction = () => {
  const [from, to] = [centroid("from"), centroid("to")];
  return to.map((value, d) => value - from[d]);
};

function drawDirection() {
  const { centroids, class_names } = known.get(state.model), before = [part("from").value, part("to").value];
  const choices = class_names.map((name, label) => [name, label]).filter(([, label]) => centroids[label]);
  ["from", "to"].forEach((role, i) => {
    part(role).replaceChildren(...choices.map(([name, label]) => new Option(name, label)));
    const fits = before[i] !== "" && choices.some(([, label]) => String(label) === before[i]);
    part(role).value = fits ? before[i] : choices[Math.min(i, choices.length - 1)][1];
  });
}

function drawCentroids() {
  if (open !== "direction" || !points.x.length) return overlay("direction", null);
  const { centroids } = known.get(state.model), start = based ?? latentHere(), along = direction();
  overlay("direction", () => [
    ...centroids.flatMap((centre, label) => {
      if (!centre || state.hidden.has(label)) return [];
      const [cx, cy] = toPixels(...project(centre));
      return [shape("circle", { cx, cy, r: 7, class: "centroid", style: `fill: ${colours[label]}`, "data-label": label })];
    }),
    ...(start ? arrow(project(start), project(start.map((value, d) => value + along[d]))) : []),
  ]);
}

function arrow(from, to) {
  const [[x, y], [u, v]] = [toPixels(...from), toPixels(...to)], turn = Math.atan2(v - y, u - x);
  const barb = (side) => [u - 11 * Math.cos(turn + side), v - 11 * Math.sin(turn + side)];
  const path = `M${x} ${y}L${u} ${v}M${barb(0.45).join(" ")}L${u} ${v}L${barb(-0.45).join(" ")}`;
  return [shape("path", { d: path, class: "casing" }), shape("path", { d: path, class: "line", "data-line": "direction" })];
}

function saysDirection() {
  const strength = Number(part("strength").value), [from, to] = ["from", "to"].map((role) => className(part(role).value));
  const same = part("from").value === part("to").value;
  part("direction-words").textContent = same ? say("direction.same")
    : say("direction.words", { strength: decimal(strength, 2), from, to, length: decimal(Math.hypot(...direction()), 2) });
  part("at-from").textContent = say("direction.at-mean-of", { name: from });
}

function direct() {
  based ??= latentHere();
  if (!based) return;
  const strength = Number(part("strength").value), along = direction();
  directed = based.map((value, d) => Number((value + strength * along[d]).toPrecision(7)));
  setLatent(directed);
  saysDirection();
}

function restart() {
  based = directed = null;
  part("strength").value = 0;
  saysDirection();
  drawCentroids();
}

part("strength").oninput = direct;
part("strength").onchange = remember;
part("at-from").onclick = () => {
  setLatent(centroid("from"));
  restart();
  remember();
};
part("no-strength").onclick = () => {
  if (based) setLatent(based);
  restart();
  remember();
};
for (const role of ["from", "to"]) part(role).onchange = () => (based ? direct() : saysDirection(), drawCentroids());

addTool("direction", {
  opened() {
    drawDirection();
    restart();
  },
  closed: drawCentroids,
  shown() {
    if (open !== "direction") return;
    drawDirection();
    restart();
  },
  moved() {
    if (open !== "direction") return;
    const z = latentHere(), led = z && directed && z.every((value, d) => Math.abs(value - directed[d]) < 1e-3);
    if (led) drawCentroids();
    else restart(); // a hand has moved the cursor: the vector starts there
  },
  cleared() {
    based = directed = null;
    overlay("direction", null);
  },
});
