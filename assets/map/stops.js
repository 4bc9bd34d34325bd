// The tour's stops, as far as they are the map's: each sets the page to what its sentence says.
import { remember } from "./address.js";
import { goTo, showMap } from "./maps.js";
import { root } from "./page.js";
import { change } from "./state.js";

/** @type {Record<number, () => Promise<void>>} */
const STOPS = {
  async 1() {
    await showMap("fashion-ae-2d");
    change({ tool: "point" });
    goTo({ point: 0 });
  },
  async 2() {
    await showMap("fashion-ae-2d");
    change({ tool: "lattice", lattice: true });
  },
  async 3() {
    await showMap("fashion-ae-2d");
    change({ tool: "trust", heat: "density" });
  },
  async 4() {
    await showMap("fashion-ae-2d");
    change({ tool: "sample", sampling: "box" });
  },
  async 5() {
    await showMap("fashion-vae-2d");
    change({ tool: "sample", sampling: "prior", heat: "density" });
  },
  async 6() {
    await showMap("mnist-vae-20d");
    change({ tool: "axes" });
  },
};

/** @param {number} number */
async function goToStop(number) {
  change({ lattice: false, heat: "" });
  await STOPS[number]?.();
  root.dataset.stop = String(number);
  remember();
}

export function mountStops() {
  document.addEventListener("explorer-stop", (event) => goToStop(/** @type {CustomEvent<number>} */ (event).detail));
}
