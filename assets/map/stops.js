// The tour's stops, as far as they are the map's: each sets the page to what its sentence says.
const shownModel = (name) => (state.model === name && !state.plane && part("veil").hidden ? Promise.resolve() : openModel(name));

function setHeat(kind) {
  part("trust-kind").querySelector(`[value="${kind}"]`).checked = true;
  showHeat(kind);
}

function setSampling(how) {
  openTool("sample");
  const choice = part("sample-how").querySelector(`[value="${how}"]`);
  choice.checked = true;
  choice.onchange();
}

const STOPS_ON_MAP = {
  async 1() {
    await shownModel("fashion-ae-2d");
    openTool("point");
    goTo({ point: 0 });
  },
  async 2() {
    await shownModel("fashion-ae-2d");
    openTool("lattice");
    setLattice(true);
  },
  async 3() {
    await shownModel("fashion-ae-2d");
    openTool("trust");
    setHeat("density");
  },
  async 4() {
    await shownModel("fashion-ae-2d");
    setSampling("box");
  },
  async 5() {
    await shownModel("fashion-vae-2d");
    setSampling("prior");
    setHeat("density");
  },
  async 6() {
    await shownModel("mnist-vae-20d");
    openTool("axes");
  },
};

document.addEventListener("explorer-stop", async ({ detail }) => {
  setLattice(false);
  setHeat("");
  await STOPS_ON_MAP[detail]?.();
  root.dataset.stop = detail;
  remember();
});
