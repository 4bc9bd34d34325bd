// What stands beside the map: read-out, picked point, legend, notice.
const className = (label) => known.get(state.model).class_names[label];
const inClass = (name) => sayIf(`class.${known.get(state.model).data}.${name}`, name); // what the server calls a class
const decimal = (value, digits) => value.toFixed(digits).replace("-", "−");
let said = 0;

function readOut() {
  part("x").textContent = decimal(state.x, 3);
  part("y").textContent = decimal(state.y, 3);
  const row = nearest(...toPixels(state.x, state.y));
  part("nearest").textContent = row < 0 ? "–" : className(points.label[row]);
  clearTimeout(said);
  said = setTimeout(() => {
    part("live").textContent = say("map.said", { x: decimal(state.x, 2), y: decimal(state.y, 2), name: part("nearest").textContent });
  }, 500);
}

function pick() {
  showPicked(null);
  if (state.point === null) return;
  part("picked").textContent = say("point.coming", { point: state.point });
  part("hint").textContent = "";
  // The same answer again would not be told: an unchanged value changes nothing.
  const told = props.value?.model === state.model && props.value.point === state.point;
  if (told) showPicked(props.value);
  if (!told || !props.value.original) trigger("pick", { model: state.model, point: state.point });
}

watch("value", () => {
  const answer = props.value;
  if (answer?.error) notify(translated(answer.error));
  else if (answer && answer.model === state.model) {
    pointLatents.set(answer.point, answer.latents); // also of a point picked before the last one
    if (answer.point === state.point) showPicked(answer);
    each("moved"); // now it is known where the cursor stands
  }
});

function showPicked(answer) {
  part("pair").hidden = !answer;
  part("latents").replaceChildren();
  part("picked").textContent = answer ? say("point.picked", { name: inClass(answer.label), point: answer.point }) : say("point.none");
  part("hint").textContent = answer ? translated(answer.note) : say("point.invitation");
  if (!answer) return;
  for (const role of ["original", "reconstruction"]) {
    part(role).parentElement.hidden = !answer[role];
    if (answer[role]) paint(part(role), fromBase64(answer[role]), answer.width, answer.height);
  }
  const largest = Math.max(...answer.latents.map(Math.abs), 1e-9);
  part("latents").classList.toggle("many", answer.latents.length > 8);
  part("latents").append(...answer.latents.map((value, i) => latentRow(i, value, largest)));
}

function latentRow(i, value, largest) {
  const row = document.createElement("div"), name = document.createElement("span"), number = document.createElement("span");
  const track = document.createElement("i"), bar = document.createElement("b");
  name.textContent = `z${i}`;
  number.textContent = decimal(value, 2);
  const share = (50 * Math.abs(value)) / largest;
  Object.assign(bar.style, { width: `${share}%`, left: `${value < 0 ? 50 - share : 50}%` });
  track.append(bar);
  row.append(name, track, number);
  return row;
}

function drawLegend(model) {
  const toggles = model.class_names.map((name, label) => {
    const button = document.createElement("button"), dot = document.createElement("i");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.title = say("map.legend.title");
    dot.style.background = colours[label];
    button.append(dot, name);
    button.onclick = () => filter((hidden) => (hidden.has(label) ? hidden.delete(label) : hidden.add(label)));
    button.ondblclick = () => filter((hidden) => {
      hidden.clear();
      model.class_names.forEach((_, other) => other !== label && hidden.add(other));
    });
    return button;
  });
  part("legend").replaceChildren(...toggles);
}

function filter(change) {
  change(state.hidden);
  const shown = colours.map((_, label) => !state.hidden.has(label));
  [...part("legend").children].forEach((button, label) => button.setAttribute("aria-pressed", String(shown[label])));
  Plotly.restyle(plot, { visible: shown });
  const notes = Object.fromEntries(shown.map((visible, label) => [`annotations[${label}].visible`, visible]));
  Plotly.relayout(plot, notes);
  readOut();
  each("filtered");
}

function notify(sentence) {
  part("notice").textContent = sentence;
  part("notice").hidden = !sentence;
}
