// What the server says of the photo: one value, drawn whole; and what the pictures show of it.
const part = (role) => element.querySelector(`[data-role="${role}"]`);
const root = part("root"), frame = part("frame"), shown = part("shown");
const identity = () => ({ gain: 1, offset: 0, on: true });
const settings = {}; // of the channel pictures
const layers = {}; // pictures of the photo as data URLs
let current = null; // the last value
let layer = "photo";
let flickering = 0;

const decimal = (value, digits) => value.toFixed(digits).replace("-", "−");
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) key in node ? (node[key] = value) : node.setAttribute(key, value);
  node.append(...children);
  return node;
};

function draw(value) {
  root.hidden = !value;
  if (!value) return;
  const isNew = value.key !== current?.key;
  current = { ...value, values: new Float32Array(Uint8Array.from(atob(value.latents), (c) => c.charCodeAt(0)).buffer) };
  for (const name of ["photo", "reconstruction", "error", "preview"]) if (value[name]) layers[name] = value[name];
  if (isNew) {
    buildChannels(value.channels.length);
    resetEdits();
    resetSettings(); // the server describes a new photo with these
    forgetCell();
  }
  value.channels.forEach(drawChannel);
  drawLayer();
  drawInfluence(value.influence);
  const named = root.querySelector('[data-layer="photo"]');
  named.textContent = say(value.has_photo ? "photo.layer.photo" : "photo.layer.unedited");
  root.querySelector('[data-view="deviation"]').disabled = !value.has_deviation;
  part("sample").disabled = !value.has_deviation;
  part("sample").title = say(value.has_deviation ? "photo.sample.title" : "photo.sample.none");
}

function drawLayer(name = layer) {
  shown.src = layers[name];
  shown.alt = say(`photo.shown.${name}`);
  shown.dataset.layer = name;
  shown.classList.toggle("pixelated", name === "preview");
  shown.style.aspectRatio = `${current.width} / ${current.height}`;
  for (const button of part("layers").children) button.setAttribute("aria-pressed", String(button.dataset.layer === name));
  const numbers = { error: current.error_high, preview: current.preview_share }[name];
  part("layer-note").textContent = numbers === undefined ? "" : say(`photo.note.${name}`, { high: numbers, share: numbers });
}

function resetSettings() {
  Object.assign(settings, { view: "mean", shared: true, percentile: 2 });
  for (const group of ["views", "scales"]) press(group, part(group).children[0]);
  part("percentile").value = 2;
}

function flicker() {
  const stops = flickering;
  clearInterval(flickering);
  flickering = stops ? 0 : setInterval(() => drawLayer(shown.dataset.layer === "photo" ? "reconstruction" : "photo"), 450);
  part("flicker").setAttribute("aria-pressed", String(!stops));
  if (stops) drawLayer();
}

function press(group, button) {
  for (const other of part(group).children) other.setAttribute("aria-pressed", String(other === button));
}

for (const button of part("layers").children) {
  button.onclick = () => {
    layer = button.dataset.layer;
    if (flickering) flicker();
    drawLayer();
  };
}
part("flicker").onclick = flicker;
