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
  part("sample-all").textContent = dimensions() > 2 ? ` of all ${dimensions()} dimensions` : "";
  part("sample-words").textContent = sampleWords(how, samples.inGap.filter(Boolean).length);
  markSamples();
}

function sampleThumb(pixels, width, height, i) {
  const [x, y] = samples.xy[i].map(coordinate), gap = samples.inGap[i];
  const made = thumb(pixels, width, height, `Sample ${i + 1} at x ${x}, y ${y}${gap ? ", in a gap" : ""}: go there`, () => visitSample(i));
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

const falling = (n) => (n === 1 ? "1 of 18 samples falls" : n ? `${n === SAMPLES ? "all" : `${n} of`} 18 samples fall` : "none of 18 samples falls");

const SAMPLE_WORDS = { // how -> what it gets wrong, from a plain autoencoder and from a VAE
  prior: [
    (n) => {
      const wide = Math.sqrt(known.get(state.model).variance.reduce((sum, value) => sum + value, 0) / dimensions());
      return wide > WIDE
        ? `Nothing drew this autoencoder's codes to N(0, I): they spread ${wide.toFixed(0)} times as wide, so the samples crowd in the middle and most of the map is never drawn; ${falling(n)} into a gap. A VAE's KL term changes that.`
        : `Nothing drew this autoencoder's codes to N(0, I): ${falling(n)} where nothing was ever encoded${n ? ", and may show nothing real" : ", by luck"}. A VAE's KL term changes that.`;
    },
    (n) => n > 3
      ? `The KL term drew the codes towards N(0, I), but not all the way: ${falling(n)} into a gap.`
      : `The KL term drew the codes to N(0, I): ${n ? "only " : ""}${falling(n)} into a gap.`,
  ],
  box: [
    (n) => `Uniform in the bounding box, the tutorial's way: ${falling(n)} into a gap, since the data does not fill its box. An autoencoder has no better rule of its own; a VAE has its prior.`,
    (n) => `Uniform in the bounding box, the tutorial's way: ${falling(n)} into a gap, since the data does not fill its box. This VAE has a better rule: its prior.`,
  ],
  density: [
    (n) => `Drawn where the data is: ${falling(n)} into a gap. A plain autoencoder can be sampled only with its encoded data at hand; a VAE brings its prior.`,
    (n) => `Drawn where the data is: ${falling(n)} into a gap. It needs the encoded data; drawing from the prior, a VAE needs only its decoder.`,
  ],
};
const sampleWords = (how, gaps) => SAMPLE_WORDS[how][Number(known.get(state.model).variational)](gaps);

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
