// The start; comes last, when everything else is defined.
// A visitor's own model: known from here on, and the last in the row of models.
function learn(model) {
  const told = inWords(model);
  if (!known.has(model.name)) drawModels([told]);
  known.set(model.name, told);
}

async function start() {
  const name = new URLSearchParams(location.search).get("model");
  if (name?.startsWith("own-")) {
    const answer = await fetch(new URL(`own?${new URLSearchParams({ model: name, lang: LANGUAGE })}`, base)).catch(console.warn);
    if (answer?.ok) learn(await answer.json());
  }
  await openModel(...readAddress());
}

document.addEventListener("explorer-open", ({ detail }) => {
  learn(detail);
  notify("");
  openModel(detail.name).then(remember);
});

function drawModels(models) {
  part("models").append(...models.map((model) => {
    const label = document.createElement("label"), input = document.createElement("input");
    const title = document.createElement("b"), kind = document.createElement("span");
    Object.assign(input, { type: "radio", name: "explorer-model", value: model.name });
    const [data, ...rest] = titleParts(model);
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
  script.onerror = () => reject(new Error(say("map.no-plotly")));
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
drawModels(models);
start().then(restoreView);
