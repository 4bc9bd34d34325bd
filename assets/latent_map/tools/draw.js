// The visitor's own image: a sketch pad, and where on the map its picture lands.
const SKETCH = 280; // pixels of the pad's side
const BRUSH = 22;
const HALVED = SKETCH / 2; // what is sent: each pixel the mean of two by two
const OWN_PAUSE = 80; // milliseconds from one question to the next while drawing
const INVITATION = say("draw.invitation");
const sketch = part("sketch"), ink = sketch.getContext("2d", { willReadFrequently: true });
let sketched = false; // whether there is anything on the pad
let stroke = null; // where the pen was last, while it is down
let sketchTurn = 0; // a picture that is being read belongs to the turn in which it was chosen
let sketchDue = false, sketchMap = false; // a question at the next frame; whether the map to ask about is shown
let ownTold = null; // the answer about what is on the pad

const ownAsk = new Latest("own", showOwn, (sentence) => {
  forgetOwn();
  part("own-note").textContent = sentence;
}, OWN_PAUSE);

// --- the pad ---

function blankSketch(ground, brush) {
  Object.assign(ink, { fillStyle: ground, strokeStyle: brush, lineWidth: BRUSH, lineCap: "round", lineJoin: "round" });
  ink.fillRect(0, 0, SKETCH, SKETCH);
}

function setSketched(on) {
  sketched = on;
  part("sketch-invite").hidden = on;
}

const onSketch = (event) => {
  const box = sketch.getBoundingClientRect();
  return [((event.clientX - box.left) * SKETCH) / box.width, ((event.clientY - box.top) * SKETCH) / box.height];
};

function strokeTo(places) {
  ink.beginPath();
  ink.moveTo(...stroke);
  for (const place of places) ink.lineTo(...place);
  ink.stroke();
  stroke = places[places.length - 1];
  setSketched(true);
  ownSoon();
}

sketch.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || stroke) return;
  event.preventDefault(); // or a drag would select text
  sketch.setPointerCapture(event.pointerId);
  sketchTurn += 1;
  const [x, y] = (stroke = onSketch(event));
  strokeTo([[x + 0.01, y]]); // a line of no length leaves no dot
});
sketch.addEventListener("pointermove", (event) => {
  if (!stroke || !sketch.hasPointerCapture(event.pointerId)) return;
  const between = event.getCoalescedEvents?.() ?? []; // a fast hand moves several times a frame
  strokeTo((between.length ? between : [event]).map(onSketch));
});
sketch.addEventListener("lostpointercapture", () => (stroke = null)); // also after pointerup and pointercancel

function clearSketch() {
  sketchTurn += 1;
  stroke = null;
  setSketched(false);
  blankSketch("#000", "#fff");
  ownAsk.drop();
  forgetOwn();
}

// --- a picture from a file: the browser reads it, and the server gets pixels only ---

async function uploadSketch(file) {
  const mine = ++sketchTurn, picture = await createImageBitmap(file).catch(() => null);
  if (mine !== sketchTurn) return picture?.close();
  if (!picture) return (part("own-note").textContent = say("draw.unreadable"));
  const scale = SKETCH / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const ground = groundOf(picture), bright = ground.reduce((sum, level) => sum + level) > 3 * 127;
  blankSketch(`rgb(${ground})`, bright ? "#000" : "#fff");
  ink.imageSmoothingQuality = "high";
  ink.drawImage(picture, (SKETCH - width) / 2, (SKETCH - height) / 2, width, height);
  picture.close();
  setSketched(true);
  ownSoon();
}

// The colour around a picture that is not square: its border's, or what its ink stands out from where it is transparent.
function groundOf(picture) {
  const small = document.createElement("canvas"), side = 32;
  Object.assign(small, { width: side, height: side });
  const context = small.getContext("2d");
  context.drawImage(picture, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side), all = Array.from({ length: side * side }, (_, i) => i);
  const inked = all.filter((i) => data[4 * i + 3] > 127), mean = inked.reduce((sum, i) => sum + data[4 * i + 1], 0) / inked.length;
  if (all.some((i) => data[4 * i + 3] < 250)) return mean < 128 ? [255, 255, 255] : [0, 0, 0];
  const border = all.filter((i) => [0, side - 1].includes(i % side) || i < side || i >= side * (side - 1));
  return [0, 1, 2].map((channel) => border.map((i) => data[4 * i + channel]).sort((a, b) => a - b)[border.length >> 1]);
}

part("sketch-clear").onclick = clearSketch;
part("sketch-upload").onclick = () => part("sketch-file").click();
part("sketch-file").onchange = () => {
  const [file] = part("sketch-file").files;
  part("sketch-file").value = ""; // so that the same file can be chosen again
  if (file) uploadSketch(file);
};
sketch.addEventListener("dragover", (event) => event.preventDefault());
sketch.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) uploadSketch(file);
});

// --- the question, and what is shown of its answer ---

function greySketch() {
  const { data } = ink.getImageData(0, 0, SKETCH, SKETCH), grey = new Uint8Array(HALVED * HALVED);
  const luma = (i) => 299 * data[i] + 587 * data[i + 1] + 114 * data[i + 2]; // in thousandths: whole numbers
  for (let i = 0; i < grey.length; i++) {
    const first = 4 * (2 * Math.floor(i / HALVED) * SKETCH + 2 * (i % HALVED)), below = first + 4 * SKETCH;
    grey[i] = Math.round((luma(first) + luma(first + 4) + luma(below) + luma(below + 4)) / 4000);
  }
  return btoa(String.fromCharCode(...grey));
}

function ownSoon() {
  if (sketchDue) return;
  sketchDue = true;
  requestAnimationFrame(() => {
    sketchDue = false;
    if (!sketched || !sketchMap) return;
    ownAsk.ask({ ...subject(), width: HALVED, height: HALVED, pixels: greySketch(), k: NEIGHBOURS });
  });
}

function forgetOwn() {
  ownTold = null;
  part("own-outcome").hidden = true;
  part("own-note").textContent = sketched ? "" : INVITATION;
  for (const role of ["own-image", "own-reconstruction"]) Object.assign(part(role), { width: 1, height: 1 }); // which clears it
  part("own-made").classList.remove("made");
  showOwnMarks();
}

function showOwn(told) {
  ownTold = told;
  const [height, width] = told.shape.slice(-2);
  paint(part("own-image"), fromBase64(told.image), width, height);
  paint(part("own-reconstruction"), fromBase64(told.reconstruction), width, height);
  part("own-made").classList.add("made");
  part("own-note").textContent = "";
  part("own-outcome").hidden = false;
  showOnManifold(told.error);
  showSeen(told);
  showNear(part("own-near"), told);
  const where = say(`draw.where.${farAndWide()}`, { dimensions: dimensions() });
  part("own-where").textContent = sentences(where, told.covariance && say("draw.sigmas"));
  if (open !== "draw") return;
  flight += 1;
  bringIntoView(...told.xy);
  setLatent(told.z);
  showOwnMarks();
  remember();
}

function showOnManifold(error) {
  const times = decimal(error, error < 9.95 ? 1 : 0), kind = error < 1.5 ? "close" : error < 4 ? "unusual" : "off";
  part("own-words").textContent = say(`draw.${kind}`, { times });
  const share = (Math.log2(Math.max(error, 0.25)) + 2) / 7; // from a quarter to 32 times, by doublings
  part("own-gauge").style.left = `${100 * Math.min(share, 1)}%`;
}

function showSeen({ own_classes: drawn, classes }) {
  bars(part("own-classes"), drawn ? likeliest(drawn) : []);
  if (!drawn || !classes) return (part("own-seen").textContent = say("draw.no-classifier"));
  const [[name, share]] = likeliest(classes, 1);
  part("own-seen").textContent = say("draw.seen", { named: named(name), share: Math.round(100 * share) });
}

// --- on the map ---

const casedMark = (kind, attributes) => ["casing", "line"].map((name) => shape(kind, { ...attributes, class: name }));

// A covariance on the map as an ellipse in pixels: sigma standard deviations along its own axes.
function sigmaEllipse([[xx, xy], [, yy]], [cx, cy], sigma) {
  const [right, up] = axes().map((axis) => axis.d2p(1) - axis.d2p(0));
  const [a, b, d] = [xx * right * right, xy * right * up, yy * up * up];
  const middle = (a + d) / 2, half = Math.hypot((a - d) / 2, b);
  const [rx, ry] = [middle + half, middle - half].map((square) => sigma * Math.sqrt(Math.max(square, 0)));
  const turned = `rotate(${(Math.atan2(2 * b, a - d) * 90) / Math.PI} ${cx} ${cy})`;
  return casedMark("ellipse", { cx, cy, rx, ry, transform: turned, "data-sigma": sigma });
}

function ownMarks() {
  const [cx, cy] = toPixels(...ownTold.xy), { covariance } = ownTold, pixels = Math.abs(axes()[1].d2p(1) - axes()[1].d2p(0));
  const ellipses = covariance ? [2, 1].flatMap((sigma) => sigmaEllipse(covariance, [cx, cy], sigma)) : [];
  const beside = Math.max(covariance ? 2 * Math.sqrt(covariance[1][1]) * pixels : 0, 4);
  const y = cy + beside + 20 < plot.clientHeight ? cy + beside + 15 : cy - beside - 7;
  const name = shape("text", { x: cx, y, class: "own-name" }, say("draw.yours"));
  return [...ellipses, shape("circle", { cx, cy, r: 4, class: "own-mean", "data-role": "own-mean" }), name];
}

function showOwnMarks() {
  overlay("draw", ownTold && open === "draw" ? ownMarks : null);
  standOnOwn();
}

// The cursor would cover a small ellipse: where it stands on the mark, the mark stands for both.
function standOnOwn() {
  const there = ownTold && open === "draw" && Math.hypot(state.x - ownTold.xy[0], state.y - ownTold.xy[1]) < 1e-3;
  root.classList.toggle("on-own", Boolean(there));
}

addTool("draw", {
  opened() {
    showOwnMarks();
    if (!ownTold) ownSoon();
  },
  closed: showOwnMarks,
  moved: standOnOwn,
  shown() {
    sketchMap = true;
    if (open === "draw") ownSoon();
  },
  cleared() {
    sketchMap = false;
    ownAsk.drop();
    forgetOwn();
  },
});
clearSketch();
