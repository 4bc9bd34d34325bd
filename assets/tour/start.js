import { partsOf } from "../shared/dom.js";
import { fill, load, say } from "../shared/texts.js";

const STOPS = 7;
const PHOTO_STOP = 7;
const PAUSE = 300; // milliseconds, after which the photo tab may be open

/** @param {import("../shared/component.js").Mounted<{}>} mounted */
export async function mount({ element }) {
  await load();
  fill(element);
  document.title = say("page.title");
  const tour = new Tour(element);
  tour.listen(element);
}

/** Seven stops over all tabs. The map hears of a stop by an event of the document and sets itself to it. */
class Tour {
  at = 0; // 0: no tour

  /** @param {HTMLElement} element */
  constructor(element) {
    this.part = partsOf(element);
  }

  /** @param {HTMLElement} element */
  listen(element) {
    this.part("start").onclick = () => this.goTo(1);
    this.part("next").onclick = () => this.goTo(this.at === STOPS ? 0 : this.at + 1);
    this.part("back").onclick = () => this.goTo(this.at - 1);
    this.part("end").onclick = () => this.goTo(0);
    element.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.at) this.goTo(0);
    });
  }

  /** @param {number} stop 0: the end */
  goTo(stop) {
    this.at = stop;
    this.part("stop").hidden = stop === 0;
    this.part("start").hidden = stop !== 0;
    if (stop === 0) {
      this.part("start").focus();
      return;
    }
    this.#say();
    pageTabs()[stop === PHOTO_STOP ? 1 : 0]?.click();
    document.dispatchEvent(new CustomEvent("explorer-stop", { detail: stop }));
    if (stop === PHOTO_STOP) setTimeout(() => this.#openExample(), PAUSE);
    this.part("next").focus({ preventScroll: true });
  }

  #openExample() {
    if (this.at !== PHOTO_STOP) return;
    /** @type {HTMLElement | null} */
    const example = document.querySelector("#photo-examples .examples button:enabled");
    if (example) example.click();
    else setTimeout(() => this.#openExample(), PAUSE);
  }

  #say() {
    this.part("count").textContent = say("tour.count", { at: this.at, all: STOPS });
    this.part("text").textContent = say(`tour.${this.at}`);
    this.part("back", HTMLButtonElement).disabled = this.at === 1;
    this.part("next").textContent = say(this.at === STOPS ? "tour.done" : "tour.next");
  }
}

/** The page's own tabs; the map's tools are tabs too, but carry what they open. */
function pageTabs() {
  /** @type {NodeListOf<HTMLElement>} */
  const tabs = document.querySelectorAll('button[role="tab"]');
  return [...tabs].filter((tab) => !tab.dataset.open && tab.offsetParent);
}
