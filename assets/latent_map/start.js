// The address, and the start; comes last, when everything else is defined.
let remembering = 0;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const url = new URL(location.href);
    const place = { model: state.model, plane: state.plane, x: round(state.x), y: round(state.y), point: state.point };
    for (const [key, value] of Object.entries(place)) value === null ? url.searchParams.delete(key) : url.searchParams.set(key, value);
    history.replaceState(history.state, "", url);
  }, 250);
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  const given = (key) => (query.get(key)?.trim() ? Number(query.get(key)) : undefined);
  const name = query.get("model");
  const place = { x: given("x"), y: given("y"), point: given("point") ?? null };
  const within = (value) => value === undefined || Math.abs(value) <= 1e6;
  const whole = place.point === null || (Number.isInteger(place.point) && place.point >= 0);
  const start = props.models[0].name;
  if (name === null && place.x === undefined && place.y === undefined && place.point === null) return [start];
  if (name !== null && !known.has(name)) notify("The link names a model that is not here; this is the first one.");
  else if (!within(place.x) || !within(place.y) || !whole) notify("The link's place is not a valid one; this is the map's start.");
  else return [name ?? start, place.point !== null || place.x !== undefined || place.y !== undefined ? place : undefined, query.get("plane")];
  return [known.has(name) ? name : start];
}

function drawModels() {
  part("models").append(...props.models.map((model) => {
    const label = document.createElement("label"), input = document.createElement("input");
    const title = document.createElement("b"), kind = document.createElement("span");
    Object.assign(input, { type: "radio", name: "explorer-model", value: model.name });
    const [data, ...rest] = model.title.split(", ");
    title.textContent = data;
    kind.textContent = rest.join(" · ");
    input.onchange = () => {
      notify("");
      openModel(model.name).then(remember);
    };
    label.append(input, title, kind);
    return label;
  }));
}

function setMode(panning) {
  root.classList.toggle("panning", panning);
  part("explore").setAttribute("aria-pressed", String(!panning));
  part("pan").setAttribute("aria-pressed", String(panning));
}

// gr.Plot, on the same page, overwrites window.Plotly with an older one: keep our own.
const plotly = new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = new URL("plotly.min.js", base);
  script.onload = () => resolve(window.Plotly);
  script.onerror = () => reject(new Error("plotly.js did not load."));
  document.head.append(script);
});

part("explore").onclick = () => setMode(false);
part("pan").onclick = () => setMode(true);
part("zoom-in").onclick = () => zoom(0.7);
part("zoom-out").onclick = () => zoom(1 / 0.7);
part("reset").onclick = reset;
new ResizeObserver(() => plot._fullLayout && plot.clientWidth && Plotly.Plots.resize(plot).then(viewChanged)).observe(plot);
new MutationObserver(() => {
  if (!plot.layout) return;
  themed(plot.layout);
  Plotly.react(plot, plot.data, plot.layout);
}).observe(document.body, { attributeFilter: ["class"] });
fetch(new URL("healthz", base)).then((answer) => answer.json()).then(({ device }) => (root.dataset.device = device)).catch(console.warn);
drawModels();
openModel(...readAddress());
