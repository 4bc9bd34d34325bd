// Another map of the same test images beside this one: their cursors stand on the same image.
const otherMap = new Scatter(part("other-points"));
let other = ""; // "", "tsne", or a model's name
let otherLeads = false; // whether the hand is on the other map
let otherSource = null, otherPlace = null, otherSent = "", otherTurn = 0;
const otherPad = part("other-pad");

const otherTitle = () => (other === "tsne" ? say("compare.tsne") : titleParts(known.get(other)).slice(1).join(" · "));

function drawCompare() {
  const same = models.filter(({ name, data }) => name !== state.model && data === known.get(state.model).data);
  const choices = [[say("compare.nothing"), ""], ...same.map(({ name, title }) => [title, name]), [say("compare.tsne.choice"), "tsne"]];
  part("other").replaceChildren(...choices.map(([title, name]) => new Option(title, name)));
  part("other").value = other;
}

async function compareWith(name) {
  const mine = ++otherTurn;
  other = name;
  root.classList.toggle("comparing", name !== "");
  part("other-frame").hidden = name === "";
  part("other-picture").hidden = name === "" || name === "tsne";
  part("compare-words").textContent = name ? say("compare.fetching") : "";
  lit("compare", name !== "");
  if (!name) return;
  try {
    const told = await ask(name === "tsne" ? "tsne" : "beside", { model: state.model, ...(name !== "tsne" && { other: name }) });
    if (mine !== otherTurn) return;
    part("other-title").textContent = otherTitle();
    part("compare-words").textContent = compareWords(told);
    otherMap.show(floats(told.values));
    followOther();
  } catch (error) {
    if (mine !== otherTurn) return;
    compareWith("");
    part("other").value = "";
    part("compare-words").textContent = error.message;
  }
}

function compareWords({ shared, chance }) {
  if (shared === undefined) return say("compare.tsne.words");
  return say("compare.words", { shared: decimal(10 * shared, 1), chance: decimal(10 * chance, 2) });
}

// The image at the main cursor, marked on the other map, and decoded from there.
function followOther() {
  if (!other || !otherMap.places.length || otherLeads || !plot._fullLayout?.xaxis) return;
  const row = rowHere() < 0 ? nearest(...toPixels(state.x, state.y)) : rowHere();
  if (row < 0) return;
  const index = points.index[row], [x, y] = otherMap.at(index);
  placeOther(x, y, index, say("compare.caption", { name: className(points.label[row]), point: index }));
}

function placeOther(x, y, index, caption) {
  const [px, py] = otherMap.toPixels(x, y);
  Object.assign(part("other-cursor").style, { transform: `translate3d(${px}px, ${py}px, 0)`, visibility: "visible" });
  Object.assign(part("other-frame").dataset, { x, y, point: index ?? "" });
  part("other-caption").textContent = caption;
  if (other === "tsne") return;
  otherPlace = { model: other, x, y, point: index };
  requestAnimationFrame(sendOther);
}

function sendOther() {
  otherSource ??= new FrameSource(base, (id, width, height, pixels) => {
    paint(part("other-decoded"), pixels, width, height);
    part("other-decoded").dataset.place = otherSent;
    if (otherPlace) sendOther();
  }, notify, () => {});
  if (!otherPlace) return;
  if (!otherSource.ready || (!otherSource.open && otherSource.socket.readyState === WebSocket.CONNECTING)) return void setTimeout(sendOther, 30);
  otherSent = Object.values(otherPlace).join(" ");
  otherSource.request(otherPlace);
  otherPlace = null;
}

// A hand on the other map leads: the nearest image there is where the main cursor goes.
function leadFrom(px, py) {
  const index = otherMap.nearest(px, py), row = rowOf(index);
  if (row < 0) return;
  const [x, y] = other === "tsne" ? otherMap.at(index) : otherMap.toData(px, py);
  placeOther(x, y, null, say("compare.caption.place", { x: decimal(x, 2), y: decimal(y, 2) }));
  moveTo(points.x[row], points.y[row], index);
}

const onOther = (event) => {
  const box = otherPad.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
otherPad.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !otherMap.size) return;
  otherPad.setPointerCapture(event.pointerId);
  otherLeads = true;
  leadFrom(...onOther(event));
});
otherPad.addEventListener("pointermove", (event) => {
  if (!otherMap.size) return;
  if (otherPad.hasPointerCapture(event.pointerId)) return leadFrom(...onOther(event));
  const index = otherMap.nearest(...onOther(event), 8);
  markHere(index < 0 ? null : index);
});
for (const kind of ["pointerup", "pointercancel"]) otherPad.addEventListener(kind, () => {
  if (!otherLeads) return;
  pick();
  remember();
});
otherPad.addEventListener("pointerleave", () => markHere(null));
otherPad.addEventListener("keydown", (event) => {
  const step = KEYS[event.key];
  if (!step || !otherMap.size) return;
  event.preventDefault();
  otherLeads = true;
  const { x, y } = part("other-frame").dataset, [px, py] = otherMap.toPixels(Number(x), Number(y)), size = event.shiftKey ? 24 : 4;
  leadFrom(px + step[0] * size, py - step[1] * size);
});
pad.addEventListener("pointerdown", () => (otherLeads = false));
pad.addEventListener("keydown", () => (otherLeads = false));

function markHere(index) { // hovered there, ringed here
  const row = index === null ? -1 : rowOf(index);
  overlay("compare", row < 0 ? null : () => {
    const [cx, cy] = toPixels(points.x[row], points.y[row]);
    return [shape("circle", { cx, cy, r: 9, class: "ring-here" })];
  });
}

part("other").onchange = () => compareWith(part("other").value).then(remember);
new ResizeObserver(() => {
  otherMap.draw();
  followOther();
}).observe(otherPad);

addTool("compare", {
  opened: drawCompare,
  toLink: () => ({ with: other }),
  fromLink: {
    with(text) {
      drawCompare();
      if (![...part("other").options].some((option) => option.value === text)) throw new Error("with");
      part("other").value = text;
      compareWith(text);
    },
  },
  shown() {
    drawCompare();
    if (other) otherMap.draw();
  },
  moved: followOther,
  filtered: () => otherMap.draw(),
  selected(chosen) {
    otherMap.chosen = chosen?.length ? new Set(chosen) : null;
    otherMap.draw();
  },
  hovered(index) {
    const ring = part("other-ring");
    ring.hidden = index === null || !other || !otherMap.size;
    if (!ring.hidden) ring.style.transform = `translate(${otherMap.toPixels(...otherMap.at(index)).join("px, ")}px)`;
  },
  cleared(fresh) {
    if (fresh) compareWith("");
    otherLeads = false;
  },
});
