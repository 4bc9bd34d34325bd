// The picked test point, and the nearest ones to wherever the cursor stands.
const NEIGHBOURS = 6;
const ABOUT_PAUSE = 100; // milliseconds from one question to the next while the cursor moves

const aboutAsk = new Latest("about", (told) => each("about", told), (sentence) => {
  for (const role of ["near-note", "trust-note"]) part(role).textContent = sentence;
}, ABOUT_PAUSE);

const farAndWide = () => (dimensions() === 2 ? "on-map" : "in-all"); // where distances are measured

function aboutSoon() {
  const z = open === "point" || open === "trust" ? latentHere() : null;
  if (z) aboutAsk.ask({ ...subject(), z, k: NEIGHBOURS });
}

function showNear(target, { near, originals, pixels, shape: [, height, width] }) {
  const shown = pictures({ shape: [height, width], pixels: originals ?? pixels });
  target.replaceChildren(...near.map(({ point, label, distance: away }, i) => {
    const name = inClass(label), distance = decimal(away, 2), title = say("point.near.title", { name, point, distance });
    const made = thumb(shown[i], width, height, title, () => {
      const row = rowOf(point);
      if (row >= 0) fly(row);
    });
    const caption = document.createElement("small");
    made.dataset.point = point;
    caption.textContent = `${name} ${distance}`;
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
    const kind = say(told.originals ? "point.near.originals" : "point.near.reconstructions");
    part("near-note").textContent = say(`point.near.${farAndWide()}`, { kind, dimensions: dimensions() });
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
