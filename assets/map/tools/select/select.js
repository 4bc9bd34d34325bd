// A selection of test points: drawn around on the map, counted, averaged, and saved as a file.
const FEWEST_PIXELS = 2; // between two places of a lasso
const NOTHING_SELECTED = say("select.nothing");
const HOW_TO_SELECT = say("select.hint");
let lasso = null; // places (x, y) of the map around which is being drawn
let penDown = false; // whether the cursor draws, moved by keys
let ringed = null; // those around which was drawn
let selected = []; // indices in the test set
let selectedMean = null; // their mean latent

const selectAsk = new Latest("select", showSelected, (sentence) => (part("select-note").textContent = sentence));
const exactly = (px, py) => axes().map((axis, i) => axis.p2d([px, py][i] - axis._offset)); // toData rounds
const selectKind = () => part("select-kind").querySelector(":checked").value;

// --- drawing around ---

function extendLasso(at) {
  const place = exactly(...at);
  if (selectKind() === "box") {
    const [x, y] = lasso[0];
    lasso = [[x, y], [place[0], y], place, [x, place[1]]];
  } else {
    const last = toPixels(...lasso[lasso.length - 1]);
    if (Math.hypot(at[0] - last[0], at[1] - last[1]) < FEWEST_PIXELS) return;
    lasso.push(place);
  }
  showLasso();
}

function showLasso() {
  const ring = lasso ?? ringed, mean = lasso ? null : selectedMean;
  overlay("select", open !== "select" || !(ring || mean) ? null : () => [
    ...(ring ? casedMark("polygon", { points: outline(ring) }) : []),
    ...(mean ? casedMark("path", { d: `M${toPixels(...project(mean))}m-7 0h14m-7 -7v14`, "data-role": "select-mean" }) : []),
  ]);
}

function dropLasso() {
  [lasso, penDown] = [null, false];
  showLasso();
}

// By the even-odd rule: how often a line from the place to the right crosses the ring.
function within(x, y, ring) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [x0, y0] = ring[i], [x1, y1] = ring[j];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) odd = !odd;
  }
  return odd;
}

function shownWithin(ring) {
  const [low, high] = [Math.min, Math.max].map((most) => [0, 1].map((i) => ring.reduce((edge, place) => most(edge, place[i]), ring[0][i])));
  return shownWhere((x, y) => x >= low[0] && x <= high[0] && y >= low[1] && y <= high[1] && within(x, y, ring));
}

function shownWhere(fits) {
  const rows = Array.from(points.x.keys()).filter((row) => !state.hidden.has(points.label[row]) && fits(points.x[row], points.y[row]));
  return rows.map((row) => points.index[row]);
}

// --- what is selected ---

function select(indices, ring) {
  clearSelected(indices.length ? "" : NOTHING_SELECTED);
  if (!indices.length) return;
  [selected, ringed] = [indices, ring];
  showLasso();
  selectAsk.ask({ model: state.model, points: selected });
}

function clearSelected(sentence = HOW_TO_SELECT) {
  each("selected", []);
  selectAsk.drop();
  [lasso, penDown, ringed, selected, selectedMean] = [null, false, null, [], null];
  showLasso();
  part("select-outcome").hidden = true;
  part("select-note").textContent = sentence;
}

const grouped = (count) => count.toLocaleString("en");

function showSelected(told) {
  const [first, second] = pictures(told), [height, width] = told.shape.slice(-2);
  selectedMean = told.mean;
  each("selected", selected);
  showLasso();
  part("select-note").textContent = "";
  part("select-outcome").hidden = false;
  part("select-count").textContent = grouped(told.count);
  part("select-of").textContent = say("select.of", { all: grouped(points.x.length) });
  paint(part("select-image"), first, width, height);
  paint(part("select-decoded"), second, width, height);
  part("select-kind-of").textContent = say(`select.mean-of.${told.of}`);
  part("select-spread").textContent = say("select.spread", { spread: decimal(told.spread, 2) });
  const counts = told.classes.map((count, label) => [className(label), count, colours[label]]);
  bars(part("select-classes"), counts.filter(([, count]) => count).sort((a, b) => b[1] - a[1]), grouped);
}

async function saveSelected(kind) {
  try {
    download(await ask("selection_file", { ...subject(), points: selected, kind }));
  } catch (error) {
    part("select-note").textContent = error.message;
  }
}

part("select-all").onclick = () => select(shownWhere(() => true), null);
part("select-clear").onclick = () => clearSelected();
part("select-csv").onclick = () => saveSelected("csv");
part("select-npz").onclick = () => saveSelected("npz");
pad.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && open === "select") clearSelected();
});

addTool("select", {
  opened: showLasso,
  closed: dropLasso,
  press(at) {
    [lasso, penDown] = [[exactly(...at)], false];
    return true;
  },
  drag(at) {
    if (lasso) extendLasso(at); // Escape ends it while the button is still held
    return true;
  },
  lift(moved) {
    const ring = lasso;
    lasso = null;
    if (!moved) showLasso();
    else if (ring) select(shownWithin(ring), ring);
    return moved;
  },
  pen() {
    if (!penDown) [lasso, penDown] = [[[state.x, state.y]], true];
    else select(shownWithin(lasso), lasso);
    showLasso();
  },
  stepped() {
    if (penDown) extendLasso(toPixels(state.x, state.y));
  },
  viewed() {
    if (lasso && !press && !penDown) dropLasso(); // two fingers zoom instead
  },
  cleared: () => clearSelected(),
});
clearSelected();
