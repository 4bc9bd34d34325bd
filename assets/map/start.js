// The map's entry: everything is given its parts of the page, then the first map is opened.
import { fill, load, spoken } from "../shared/texts.js";
import * as address from "./address.js";
import { showAll, showRanges, zoom } from "./axes.js";
import { mountDots } from "./dots.js";
import { tools } from "./hooks.js";
import { viewChanged } from "./layers.js";
import { mountLegend } from "./legend.js";
import { addModel, drawChoices, mountMaps, openMap } from "./maps.js";
import { introduce, shipped } from "./models.js";
import { mountOpacity } from "./opacity.js";
import { attach, base, part, root } from "./page.js";
import { mountPicked } from "./picked.js";
import { mountPicture } from "./picture.js";
import { fetchPlotly } from "./plotly.js";
import { mountPointer } from "./pointer.js";
import { mountRail } from "./rail.js";
import { mountShare } from "./share.js";
import { watch } from "./state.js";
import { mountStops } from "./stops.js";
import { TOOLS } from "./tools/tools.js";

/** @param {import("./page.js").Component} component */
export async function mount(component) {
  attach(component);
  fetchPlotly();
  await load();
  fill(component.element);
  introduce(component.props.models);
  for (const tool of TOOLS) tools.set(tool.name, tool);
  mountPicture();
  mountDots(viewChanged);
  mountPointer();
  mountRail();
  mountOpacity();
  mountLegend();
  mountPicked(component.watch);
  mountMaps();
  for (const tool of TOOLS) tool.mount?.();
  mountShare();
  mountStops();
  mountButtons();
  drawChoices(shipped);
  askDevice();
  await open();
}

function mountButtons() {
  part("explore").onclick = () => setPanning(false);
  part("pan").onclick = () => setPanning(true);
  part("zoom-in").onclick = () => zoom(0.7);
  part("zoom-out").onclick = () => zoom(1 / 0.7);
  part("reset").onclick = showAll;
  watch("view", (edges) => edges && showRanges([edges.slice(0, 2), edges.slice(2)]));
}

/** Whether a drag moves the map, and not the cursor. @param {boolean} panning */
function setPanning(panning) {
  root.classList.toggle("panning", panning);
  part("explore").setAttribute("aria-pressed", String(!panning));
  part("pan").setAttribute("aria-pressed", String(panning));
}

async function askDevice() {
  try {
    root.dataset.device = (await (await fetch(new URL("healthz", base))).json()).device;
  } catch (error) {
    console.warn(error);
  }
}

async function open() {
  const name = address.named();
  if (name?.startsWith("own-")) {
    const asked = new URLSearchParams({ model: name, lang: spoken() });
    const answer = await fetch(new URL(`own?${asked}`, base)).catch(console.warn);
    if (answer?.ok) addModel(await answer.json());
  }
  const { model, place, plane } = address.target();
  await openMap(model, place, plane);
  address.restore();
}
