// The address carries the whole view, so that a link shows somebody else the same: each tool adds what is its own
// (toLink() -> {key: text or null}) and takes it back (fromLink(query), which throws at what it does not understand).
let remembering = 0;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    if (!part("veil").hidden) return;
    const url = new URL(location.href);
    for (const [key, value] of Object.entries(linkValues())) {
      value === null || value === "" ? url.searchParams.delete(key) : url.searchParams.set(key, value);
    }
    history.replaceState(history.state, "", url);
  }, 250);
}

const short = (value) => String(Number(value.toPrecision(6)));

function linkValues() {
  const place = state.z
    ? { x: null, y: null, point: null, z: latentHere().map(short).join(",") }
    : { x: round(state.x), y: round(state.y), point: state.point, z: null };
  const zoomed = axes().some((axis) => axis.autorange === false);
  const view = zoomed ? axes().flatMap((axis) => axis.range.map(short)).join(",") : null;
  const own = { model: state.model, plane: state.plane, ...place, view, hide: [...state.hidden].join(","), tool: open === "point" ? null : open };
  return Object.assign(own, ...Object.values(tools).map((tool) => tool.toLink?.() ?? {}));
}

// Numbers with commas between them. Throws when they are not so many (count 0: any number of them) or not finite.
function numbers(text, count = 0) {
  const found = text.split(",").map((part) => (part.trim() ? Number(part) : NaN));
  if ((count && found.length !== count) || !found.every((value) => Math.abs(value) <= 1e6)) throw new Error("numbers");
  return found;
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  const given = (key) => (query.get(key)?.trim() ? Number(query.get(key)) : undefined);
  const name = query.get("model"), start = props.models[0].name;
  const place = { x: given("x"), y: given("y"), point: given("point") ?? null };
  const within = (value) => value === undefined || Math.abs(value) <= 1e6;
  const whole = place.point === null || (Number.isInteger(place.point) && place.point >= 0);
  const placed = place.point !== null || place.x !== undefined || place.y !== undefined;
  if (name !== null && !known.has(name)) notify(say("link.model"));
  else if (!within(place.x) || !within(place.y) || !whole) notify(say("link.place"));
  else return [name ?? start, placed ? place : undefined, query.get("plane")];
  return [known.has(name) ? name : start];
}

const LINKED = {
  z(text) {
    setLatent(numbers(text, dimensions()));
  },
  view(text) {
    const [x0, x1, y0, y1] = numbers(text, 4);
    if (x0 >= x1 || y0 >= y1) throw new Error("view");
    Plotly.relayout(plot, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
  },
  hide(text) {
    const hidden = numbers(text);
    if (!hidden.every((label) => Number.isInteger(label) && label >= 0 && label < colours.length)) throw new Error("hide");
    filter((set) => hidden.forEach((label) => set.add(label)));
  },
  tool(text) {
    if (!NAMES.includes(text)) throw new Error("tool");
    openTool(text);
  },
};

// What the address says beyond model, plane and place; once, when the first map is shown.
function restoreView() {
  const query = new URLSearchParams(location.search), damaged = [];
  const readers = Object.assign({}, LINKED, ...Object.values(tools).map((tool) => tool.fromLink ?? {}));
  for (const [key, read] of Object.entries(readers)) {
    if (!query.get(key)) continue;
    try {
      read(query.get(key));
    } catch {
      damaged.push(key);
    }
  }
  if (damaged.length) notify(say("link.view", { what: damaged.join(", ") }));
}
