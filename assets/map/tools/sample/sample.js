// Eighteen samples at once: from the prior, from the bounding box, or from the density of the encoded data.
const SAMPLES = 18;
const SAMPLE_REACH = 12; // pixels from a marker that still hit it
const WIDE = 2; // times as wide as N(0, I): what is drawn from it crowds in the middle
let samples = null; // the answer
let sampleLit = -1; // the marker that stands out
let sampleSpot = null; // where a visited sample left the cursor
let samplePress;

const sampleHow = () => part("sample-how").querySelector(":checked").value;
const sampleAsk = new Latest("samples", showSamples, (sentence) => {
  forgetSamples();
  part("sample-note").textContent = sentence;
});

const coordinate = (value) => decimal(Math.round(100 * value) / 100 || 0, 2); // no −0.00

function drawSamples() {
  const how = sampleHow(), seed = Math.floor(Math.random() * 2 ** 31);
  sampleAsk.ask({ ...subject(), n: SAMPLES, how, seed }, how);
}

function showSamples(told, how) {
  forgetSamples();
  samples = { ...told, inGap: told.far.map((distance) => distance > told.gap) };
  const [, height, width] = told.shape;
  part("sample-thumbs").append(...pictures(told).map((pixels, i) => sampleThumb(pixels, width, height, i)));
  part("sample-thumbs").dataset.how = how;
  part("sample-key").hidden = false;
  sampleKey();
  part("sample-words").textContent = sampleWords(how, samples.inGap.filter(Boolean).length);
  markSamples();
}

function sampleKey() { // "Dashed" stands somewhere within the sentence, and has a frame
  const all = dimensions() > 2 ? say("sample.key.all", { dimensions: dimensions() }) : "";
  const [before, , after] = part("sample-key").children;
  [before.textContent, after.textContent] = say("sample.key", { all, dashed: "\n" }).split("\n");
}

function sampleThumb(pixels, width, height, i) {
  const [x, y] = samples.xy[i].map(coordinate), gap = samples.inGap[i];
  const title = say(gap ? "sample.title.gap" : "sample.title", { number: i + 1, x, y });
  const made = thumb(pixels, width, height, title, () => visitSample(i));
  const caption = document.createElement("small");
  caption.textContent = `${x}\n${y}`;
  made.append(caption);
  made.classList.toggle("gap", gap);
  made.dataset.z = samples.latents[i].join(" ");
  made.onpointerenter = made.onfocus = () => lightSample(i);
  made.onpointerleave = made.onblur = () => lightSample(-1);
  return made;
}

function visitSample(i) {
  setLatent(samples.latents[i]);
  bringIntoView(state.x, state.y);
  pick();
  remember();
  sampleSpot = [state.x, state.y];
  part("sample-thumbs").querySelector("[aria-current]")?.removeAttribute("aria-current");
  part("sample-thumbs").children[i].setAttribute("aria-current", "true");
}

function leaveSample() {
  if (!sampleSpot || (state.x === sampleSpot[0] && state.y === sampleSpot[1])) return;
  sampleSpot = null;
  part("sample-thumbs").querySelector("[aria-current]")?.removeAttribute("aria-current");
}

function forgetSamples() {
  samples = sampleSpot = null;
  sampleLit = -1;
  part("sample-thumbs").replaceChildren();
  delete part("sample-thumbs").dataset.how;
  part("sample-key").hidden = true;
  for (const role of ["sample-words", "sample-note"]) part(role).textContent = "";
  overlay("sample", null);
}

// --- on the map ---

function lightSample(i) {
  sampleLit = i;
  markSamples();
}

function markSamples() {
  overlay("sample", samples && open === "sample" ? sampleMarkers : null);
}

function sampleMarkers() {
  const places = samples.xy.map((xy) => toPixels(...xy));
  const order = [...places.keys()].sort((a, b) => (a === sampleLit) - (b === sampleLit)); // the lit one last, on top
  return order.flatMap((i) => {
    const [cx, cy] = places[i], gap = samples.inGap[i], r = i === sampleLit ? 8 : 5;
    const marker = gap // shape and colour both tell a gap
      ? shape("path", { d: `M${cx} ${cy - r - 2}l${r + 2} ${r + 2}l${-r - 2} ${r + 2}l${-r - 2} ${-r - 2}z`, class: "sample gap", "data-sample": i })
      : shape("circle", { cx, cy, r, class: "sample", "data-sample": i });
    if (i !== sampleLit) return [marker];
    return [...["sample-halo", "sample-halo lit"].map((kind) => shape("circle", { cx, cy, r: r + 6, class: kind })), marker];
  });
}

function sampleNear([px, py] = [Infinity, Infinity]) {
  const away = (samples?.xy ?? []).map((xy) => toPixels(...xy)).map(([x, y]) => Math.hypot(x - px, y - py));
  const least = Math.min(...away);
  return least <= SAMPLE_REACH ? away.indexOf(least) : -1;
}

// --- in words ---

const falling = (count) => {
  const many = count === SAMPLES ? "all" : count > 1 ? "some" : count ? "one" : "none";
  return say(`sample.falls.${many}`, { count, all: SAMPLES });
};

// How many times as wide as N(0, I) the codes lie.
const spread = () => Math.sqrt(known.get(state.model).variance.reduce((sum, value) => sum + value, 0) / dimensions());

// What a way of drawing gets wrong, from a plain autoencoder and from a VAE.
function sampleWords(how, gaps) {
  const { variational } = known.get(state.model);
  let kind = variational ? "vae" : "plain";
  if (how === "prior" && variational) kind = gaps > 3 ? "partly" : gaps ? "few" : "none";
  else if (how === "prior") kind = spread() > WIDE ? "wide" : gaps ? "gaps" : "luck";
  return say(`sample.${how}.${kind}`, { falls: falling(gaps), times: spread().toFixed(0) });
}

part("sample-draw").onclick = drawSamples;
for (const input of part("sample-how").querySelectorAll("input")) input.onchange = drawSamples;

addTool("sample", {
  opened() {
    if (samples) markSamples();
    else if (part("veil").hidden) drawSamples();
  },
  closed() {
    sampleLit = -1;
    markSamples();
  },
  shown: () => open === "sample" && drawSamples(),
  moved: leaveSample,
  press(at) {
    samplePress = at;
  },
  lift(moved) {
    const i = moved ? -1 : sampleNear(samplePress);
    if (i >= 0) visitSample(i);
    return i >= 0;
  },
  cleared() {
    sampleAsk.drop();
    forgetSamples();
  },
});
