// The decoded lattice: pictures of every place in view, under the points.
const LATTICE = 400; // pictures in view
let latticeOn = false, latticeFor = "";

const latticeAsk = new Latest("lattice", (told, box) => {
  if (!latticeOn) return;
  const [rows, columns, height, width] = told.shape, image = document.createElement("canvas");
  Object.assign(image, { width: columns * width, height: rows * height });
  const context = image.getContext("2d"), cell = document.createElement("canvas");
  pictures(told).forEach((pixels, i) => {
    paint(cell, pixels, width, height);
    context.drawImage(cell, (i % columns) * width, Math.floor(i / columns) * height);
  });
  underlay("pictures", { image, box });
  Object.assign(part("pictures").dataset, { rows, columns, box: box.join(" ") });
  part("lattice-note").textContent = say("lattice.note", { columns, rows });
}, (sentence) => (part("lattice-note").textContent = sentence), 80);

function latticeSoon() {
  const where = latticeOn && plot._fullLayout?.xaxis && plot.clientWidth ? surface() : null;
  if (!where) return;
  const { box, ...grid } = cells(LATTICE, 64);
  const wanted = JSON.stringify([where, grid]);
  if (wanted === latticeFor) return;
  latticeFor = wanted;
  latticeAsk.ask({ ...where, ...grid }, box);
}

function dropLattice() {
  latticeAsk.drop();
  latticeFor = "";
  underlay("pictures", null);
  delete part("pictures").dataset.box;
}

function setLattice(on) {
  latticeOn = part("lattice-on").checked = on;
  lit("lattice", on);
  dropLattice();
  if (!on) part("lattice-note").textContent = "";
  stepBack(on);
  latticeSoon();
}

part("lattice-on").onchange = () => {
  setLattice(part("lattice-on").checked);
  remember();
};
part("lattice-opacity").oninput = () => (part("pictures").style.opacity = part("lattice-opacity").value / 100);

addTool("lattice", {
  viewed: latticeSoon,
  moved: latticeSoon,
  shown: latticeSoon,
  toLink: () => ({ lattice: latticeOn ? "1" : null }),
  fromLink: {
    lattice(text) {
      if (text !== "1") throw new Error("lattice");
      setLattice(true);
    },
  },
  cleared: dropLattice,
});
