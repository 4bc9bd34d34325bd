// How far to trust a place: a heat map over the plane, and the same in words for the cursor.
const HEAT_CELLS = 800;
// Brown where not to trust and teal where to, with nothing between: it reads on white and on black, and without red and green.
const STOPS = [[140, 81, 10, 200], [191, 129, 45, 165], [200, 190, 160, 50], [90, 180, 172, 150], [1, 102, 94, 215]];
const HEATS = { // how the values of each become 0 (brown) to 1 (teal); classes have colours of their own
  density: (value) => (value + 2.5) / 3,
  drift: (value, { typical }) => 1 - Math.log2(Math.max(value, 1e-9) / typical + 1e-9) / 5,
  prior: (value) => {
    const radius = Math.sqrt(Math.max(-2 * value - dimensions() * Math.log(2 * Math.PI), 0));
    return 1 - (radius - Math.sqrt(dimensions()) + Math.SQRT2) / 4;
  },
  classes: null,
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
    const seen = labels ? [...rgb(colours[labels[i]]), 40 + 200 * value ** 2] : colourOf(HEATS[kind](value, told));
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
  part("trust-what").textContent = say(`trust.${kind || "off"}.what`);
  part("trust-scale").hidden = !HEATS[kind];
  for (const end of ["low", "high"]) part(`scale-${end}`).textContent = sayIf(`trust.${kind}.${end}`, "");
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
  const best = classes?.indexOf(Math.max(...classes));
  return sentences(
    say(distance > gap ? "trust.far" : "trust.close", { distance: decimal(distance, 2) }),
    say("trust.moves", { drift: decimal(drift, 2) }),
    classes && say("trust.sure", { share: Math.round(100 * classes[best]), named: named(className(best)) }),
  );
}

// In English "a bag", "an ankle boot", but "a 7" and "an 8"; elsewhere the bare name
const named = (name) => LANGUAGE !== "en" ? name : `${/^[aeio8]/i.test(name) ? "an" : "a"} ${/^T-/.test(name) ? name : name.toLowerCase()}`;

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
