// A slider for each latent dimension, and which plane of them the map shows.
let corners = null; // test points that were clicked for a plane, while some are still to come
let sliders = [];

const planeNote = () => {
  if (dimensions() === 2) return say("axes.both");
  if (corners) return say("axes.corners", { count: corners.length });
  const unused = known.get(state.model).active.filter((used) => !used).length;
  const [across, up] = (state.plane ?? "").split("-"), kind = !state.plane ? "principal" : across.startsWith("z") ? "pair" : "three";
  const used = unused ? say("axes.unused", { unused, dimensions: dimensions() }) : say("axes.all-used");
  return sentences(say(`axes.shown.${kind}`, { across, up }), used);
};

async function showPlane(plane) {
  const place = rowHere() >= 0 ? { point: state.point } : { z: latentHere() ?? meta.origin };
  corners = null;
  await openModel(state.model, place, plane);
  remember();
}

function drawAxes() {
  const model = known.get(state.model), flat = dimensions() === 2, named = /^z(\d+)-z(\d+)$/.exec(state.plane ?? "");
  part("plane-row").hidden = flat;
  part("three").setAttribute("aria-pressed", String(corners !== null));
  part("principal").disabled = !state.plane;
  part("axes-note").textContent = planeNote();
  ["across", "up"].forEach((role, i) => {
    const choices = model.order.map((d) => new Option(`z${d}`, d));
    part(role).replaceChildren(...(named ? [] : [new Option("–", "")]), ...choices);
    part(role).value = named?.[i + 1] ?? "";
  });
  sliders = model.order.map((d) => dimensionRow(model, d));
  part("dims").replaceChildren(...sliders.map(({ row }) => row));
}

function dimensionRow(model, d) {
  const row = document.createElement("label"), name = document.createElement("span"), value = document.createElement("output");
  const slider = document.createElement("input"), deviation = Math.sqrt(model.variance[d]);
  const reach = Math.max(4 * deviation, model.variational ? 3 : 0.1 * Math.sqrt(Math.max(...model.variance)));
  Object.assign(slider, { type: "range", min: model.mean[d] - reach, max: model.mean[d] + reach, step: reach / 500 });
  name.textContent = `z${d}`;
  row.title = say("axes.row.title", { deviation: decimal(deviation, 3) });
  row.dataset.dimension = d;
  row.classList.toggle("unused", !model.active[d]);
  if (!model.active[d]) name.append(Object.assign(document.createElement("small"), { textContent: say("axes.row.unused") }));
  slider.oninput = () => {
    const z = latentHere();
    if (!z) return;
    z[d] = Number(slider.value);
    setLatent(z);
  };
  slider.onchange = remember;
  row.append(name, slider, value);
  return { row, slider, value, d };
}

function followAxes() {
  const z = open === "axes" ? latentHere() : null;
  if (!z) return;
  for (const { slider, value, d } of sliders) {
    if (slider !== document.activeElement || Math.abs(slider.value - z[d]) > 2 * slider.step) slider.value = z[d];
    value.textContent = decimal(z[d], 2);
  }
}

function chooseAxes() {
  const [across, up] = [part("across").value, part("up").value];
  if (across !== "" && across === up) part("axes-note").textContent = say("axes.same");
  else if (across !== "" && up !== "") showPlane(`z${across}-z${up}`);
}

for (const role of ["across", "up"]) part(role).onchange = chooseAxes;
part("principal").onclick = () => showPlane(null);
part("three").onclick = () => {
  corners = corners ? null : [];
  part("three").setAttribute("aria-pressed", String(corners !== null));
  part("axes-note").textContent = planeNote();
  drawCorners();
};

function drawCorners() {
  const chosen = corners ?? (state.plane?.startsWith("p") ? state.plane.split("-").map((name) => Number(name.slice(1))) : []);
  overlay("axes", chosen.length ? () => chosen.flatMap((point, i) => {
    const row = rowOf(point), [x, y] = toPixels(points.x[row], points.y[row]);
    return [shape("circle", { cx: x, cy: y, r: 9, class: "spot" }), shape("text", { x, y: y + 4, class: "number" }, i + 1)];
  }) : null);
}

addTool("axes", {
  opened() {
    drawAxes();
    drawCorners();
    followAxes();
  },
  closed() {
    corners = null;
    overlay("axes", null);
  },
  moved: followAxes,
  shown() {
    if (open !== "axes") return;
    drawAxes();
    drawCorners();
    followAxes();
  },
  cleared: () => overlay("axes", null),
  click(row) {
    if (!corners || row < 0 || corners.includes(points.index[row])) return;
    corners.push(points.index[row]);
    part("axes-note").textContent = planeNote();
    drawCorners();
    if (corners.length === 3) showPlane(corners.map((point) => `p${point}`).join("-"));
  },
});
