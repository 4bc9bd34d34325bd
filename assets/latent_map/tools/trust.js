// How far to trust a place: a heat map over the plane, and the same in words for the cursor.
const HEAT_CELLS = 800;
// Brown where not to trust and teal where to, with nothing between: it reads on white and on black, and without red and green.
const STOPS = [[140, 81, 10, 200], [191, 129, 45, 165], [200, 190, 160, 50], [90, 180, 172, 150], [1, 102, 94, 215]];
const HEATS = { // what each says of a place, and how its values become 0 (brown) to 1 (teal)
  density: {
    what: "How many encoded test images lie around a place, beside a typical one. Brown is a gap: nothing was ever encoded there.",
    low: "gap", high: "dense", share: (value) => (value + 2.5) / 3,
  },
  drift: {
    what: "How far a place moves when it is decoded and encoded again, ‖E(D(z)) − z‖. Brown: the picture is not of this place.",
    low: "drifts", high: "stays", share: (value, { typical }) => 1 - Math.log2(Math.max(value, 1e-9) / typical + 1e-9) / 5,
  },
  prior: {
    what: "The log-density of the standard normal, to which the KL term draws the codes: where a VAE's samples come from.",
    low: "unlikely", high: "likely",
    share: (value) => {
      const radius = Math.sqrt(Math.max(-2 * value - dimensions() * Math.log(2 * Math.PI), 0));
      return 1 - (radius - Math.sqrt(dimensions()) + Math.SQRT2) / 4;
    },
  },
  classes: {
    what: "What a small classifier sees in the decoded picture. Pale: it is not sure.",
  },
};
let heat = "", heatFor = "";

const colourOf = (share) => {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1), below = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[below].map((low, i) => low + (STOPS[below + 1][i] - low) * (at - below));
};
const rgb = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));

const heatAsk = new Latest("trust_map", (told, { box, kind }) => {
  if (kind !== heat) return;
  const values = floats(told.values), labels = told.labels && fromBase64(told.labels), [rows, columns] = told.shape;
  const image = document.createElement("canvas"), filled = new ImageData(columns, rows);
  Object.assign(image, { width: columns, height: rows });
  values.forEach((value, i) => {
    const seen = labels ? [...rgb(colours[labels[i]]), 40 + 200 * value ** 2] : colourOf(HEATS[kind].share(value, told));
    filled.data.set(seen, 4 * i);
  });
  image.getContext("2d").putImageData(filled, 0, 0);
  underlay("heat", { image, box });
  Object.assign(part("heat").dataset, { kind, rows, columns, box: box.join(" ") });
  part("trust-note").textContent = "";
}, (sentence) => (part("trust-note").textContent = sentence), 80);

function heatSoon() {
  const where = heat && plot._fullLayout?.xaxis && plot.clientWidth ? surface() : null;
  if (!where) return;
  const { box, ...grid } = cells(HEAT_CELLS, 40);
  const wanted = JSON.stringify([where, grid, heat]);
  if (wanted === heatFor) return;
  heatFor = wanted;
  heatAsk.ask({ ...where, ...grid, kind: heat }, { box, kind: heat });
}

function showHeat(kind) {
  heat = kind;
  heatFor = "";
  heatAsk.drop();
  lit("trust", heat !== "");
  const { what = "Switch on a heat map over the plane.", low, high } = HEATS[kind] ?? {};
  part("trust-what").textContent = what;
  part("trust-scale").hidden = !low;
  part("scale-low").textContent = low ?? "";
  part("scale-high").textContent = high ?? "";
  underlay("heat", null);
  delete part("heat").dataset.kind;
  stepBack(heat !== "");
  heatSoon();
}

for (const input of part("trust-kind").querySelectorAll("input")) input.onchange = () => {
  showHeat(input.value);
  remember();
};
part("trust-opacity").oninput = () => (part("heat").style.opacity = part("trust-opacity").value / 100);
part("heat").style.opacity = 0.8;
part("trust-scale").querySelector("i").style.background =
  `linear-gradient(90deg, ${STOPS.map(([r, g, b, a]) => `rgba(${r},${g},${b},${(a / 255).toFixed(2)})`).join(", ")})`;

// What `about` says of the cursor's place, in words.
function trustWords({ distance, gap, drift, classes }) {
  const words = distance > gap
    ? [`No test image within ${decimal(distance, 2)}: a gap.`]
    : [`The nearest test image is ${decimal(distance, 2)} away: among the data.`];
  words.push(`Decoded and encoded again, it moves by ${decimal(drift, 2)}.`);
  if (classes) {
    const best = classes.indexOf(Math.max(...classes));
    words.push(`The classifier is ${Math.round(100 * classes[best])} % sure it is ${named(className(best))}.`);
  }
  return words.join(" ");
}

// "a bag", "an ankle boot", but "a 7" and "an 8"
const named = (name) => `${/^[aeio8]/i.test(name) ? "an" : "a"} ${/^T-/.test(name) ? name : name.toLowerCase()}`;

addTool("trust", {
  opened: aboutSoon,
  toLink: () => ({ heat }),
  fromLink: {
    heat(text) {
      if (!Object.hasOwn(HEATS, text) || (text === "prior" && !known.get(state.model).variational)) throw new Error("heat");
      setHeat(text);
    },
  },
  viewed: heatSoon,
  moved: heatSoon,
  shown() {
    const prior = part("trust-kind").querySelector('[value="prior"]');
    prior.closest("label").hidden = !known.get(state.model).variational;
    if (prior.checked && prior.closest("label").hidden) {
      part("trust-kind").querySelector('[value=""]').checked = true;
      showHeat("");
    }
    heatSoon();
  },
  about(told) {
    part("trust-words").textContent = trustWords(told);
    bars(part("trust-classes"), told.classes ? likeliest(told.classes) : []);
  },
  cleared() {
    heatAsk.drop();
    heatFor = "";
    underlay("heat", null);
    part("trust-words").textContent = "";
    part("trust-classes").replaceChildren();
  },
});
showHeat("");
