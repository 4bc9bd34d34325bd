// The picked test point, and the nearest ones to wherever the cursor stands.
import { shape } from "../../../shared/dom.js";
import { say } from "../../../shared/texts.js";
import { aboutSoon, forgetAbout } from "../../about.js";
import { toPixels } from "../../axes.js";
import { overlay } from "../../layers.js";
import { dimensions, distanceSpace } from "../../models.js";
import { showNear } from "../../neighbours.js";
import { part } from "../../page.js";
import { state } from "../../state.js";

/** @param {import("../../neighbours.js").Near} told */
function show(told) {
  showNear(part("near"), told);
  const kind = say(told.originals ? "point.near.originals" : "point.near.reconstructions");
  part("near-note").textContent = say(`point.near.${distanceSpace()}`, { kind, dimensions: dimensions() });
  overlay("near", () =>
    told.near.map(({ xy }) => {
      const [cx, cy] = toPixels(xy);
      return shape("circle", { cx, cy, r: 6, class: "ring" });
    }),
  );
}

/** @type {import("../../hooks.js").Tool} */
export const point = {
  name: "point",
  icon: "M10 3v4M10 13v4M3 10h4M13 10h4M10 9a1 1 0 100 2 1 1 0 000-2",
  opened: aboutSoon,
  moved: aboutSoon,
  about(told) {
    if (state.tool === "point") show(told);
  },
  notAbout(sentence) {
    part("near-note").textContent = sentence;
  },
  closed: () => overlay("near", null),
  cleared() {
    forgetAbout();
    part("near").replaceChildren();
    part("near-note").textContent = "";
    overlay("near", null);
  },
};
