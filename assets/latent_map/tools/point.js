// The picked test point, and the nearest ones to wherever the cursor stands.
const NEIGHBOURS = 6;
const ABOUT_PAUSE = 100; // milliseconds from one question to the next while the cursor moves

const aboutAsk = new Latest("about", (told) => each("about", told), (sentence) => {
  for (const role of ["near-note", "trust-note"]) part(role).textContent = sentence;
}, ABOUT_PAUSE);

function aboutSoon() {
  const z = open === "point" || open === "trust" ? latentHere() : null;
  if (z) aboutAsk.ask({ ...subject(), z, k: NEIGHBOURS });
}

function showNear(target, { near, originals, pixels, shape: [, height, width] }) {
  const shown = pictures({ shape: [height, width], pixels: originals ?? pixels });
  target.replaceChildren(...near.map(({ point, label, distance }, i) => {
    const made = thumb(shown[i], width, height, `${label}, test image ${point}, ${decimal(distance, 2)} away: fly there`, () => {
      const row = rowOf(point);
      if (row >= 0) fly(row);
    });
    const caption = document.createElement("small");
    made.dataset.point = point;
    caption.textContent = `${label} ${decimal(distance, 2)}`;
    made.append(caption);
    return made;
  }));
}

addTool("point", {
  opened: aboutSoon,
  moved: aboutSoon,
  about(told) {
    if (open !== "point") return;
    showNear(part("near"), told);
    const kind = told.originals ? "originals" : "reconstructions";
    const where = dimensions() === 2 ? "on the map" : `in all ${dimensions()} dimensions`;
    part("near-note").textContent = `By distance ${where}; ${kind}. Click one to fly there.`;
    overlay("near", () => told.near.map(({ xy }) => {
      const [cx, cy] = toPixels(...xy);
      return shape("circle", { cx, cy, r: 6, class: "ring" });
    }));
  },
  closed: () => overlay("near", null),
  cleared() {
    aboutAsk.drop();
    part("near").replaceChildren();
    part("near-note").textContent = "";
    overlay("near", null);
  },
});
