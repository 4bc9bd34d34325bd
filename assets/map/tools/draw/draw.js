// The visitor's own image: where on the map lands what is on the sketch pad.
const OWN_PAUSE = 80; // milliseconds from one question to the next while drawing
const INVITATION = say("draw.invitation");
let sketchDue = false, sketchMap = false; // a question at the next frame; whether the map to ask about is shown
let ownTold = null; // the answer about what is on the pad

const ownAsk = new Latest("own", showOwn, (sentence) => {
  forgetOwn();
  part("own-note").textContent = sentence;
}, OWN_PAUSE);

// --- the question, and what is shown of its answer ---

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
