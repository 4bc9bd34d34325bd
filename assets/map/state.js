// All that a visitor can set on the map, in one table: what a link carries, what a new map forgets, and what decides
// which picture is shown are told by it. Nothing here knows the page.
import { short } from "../shared/numbers.js";
import { round } from "./plane.js";

/** @typedef {{ x: number, y: number, point: number | null, z: number[] | null }} Anchor of a walk; z is null while unknown */

/**
 * @typedef {object} State
 * @property {string} model
 * @property {string | null} plane other than the principal one
 * @property {number} x where the cursor stands
 * @property {number} y
 * @property {number | null} point the test point through which the plane goes
 * @property {number[] | null} z any other latent, (D,), that it goes through
 * @property {number[] | null} view the edges x0, x1, y0, y1, where it is not all of the map
 * @property {ReadonlySet<number>} hidden classes
 * @property {string} tool which is open
 * @property {boolean} lattice whether it is drawn
 * @property {string} heat which map of heat; none without a name
 * @property {readonly Anchor[]} anchors
 * @property {string} method linear or spherical: how a walk goes
 * @property {string} sampling from where: prior, box or density
 * @property {string} other what is shown beside this map: tsne or a model's name; nothing without one
 * @property {number | null} moment of the training, counted in those that were kept; null: the last
 * @property {readonly number[]} selected indices in the test set
 * @property {number | null} hovered the test point under the pointer
 */

/**
 * What a link's values have to fit.
 * @typedef {object} Fits
 * @property {number} dimensions
 * @property {number} classes how many
 * @property {boolean} variational
 * @property {string[]} tools
 * @property {string[]} others what can be shown beside the map
 * @property {(z: number[]) => number[]} project a latent to its place
 */

/**
 * How values of a kind are written, and read again. `read` throws at what it does not understand.
 * @template T
 * @typedef {{ write: (value: T) => string, read: (text: string, fits: Fits) => T }} Kind
 */

/**
 * @template T
 * @typedef {object} Entry
 * @property {T} default
 * @property {Kind<NonNullable<T>>} [kind] of those that a link carries
 * @property {string} [link] its key there
 * @property {(state: State) => boolean} [linked] when it stands there; else whenever it is not the default
 * @property {boolean} [picture] whether it decides which picture is shown
 * @property {"plane" | "model"} [until] with what it is forgotten
 */

/** @param {string} why @returns {never} */
function refuse(why) {
  throw new Error(why);
}

/**
 * Numbers with commas between them. Throws when they are not so many (count 0: any number of them) or not finite.
 * @param {string} text
 */
export function numbers(text, count = 0) {
  const found = text.split(",").map((part) => (part.trim() ? Number(part) : NaN));
  if (count && found.length !== count) refuse("count");
  return found.every((value) => Math.abs(value) <= 1e6) ? found : refuse("numbers");
}

/** @type {Kind<string>} */
const text = { write: (value) => value, read: (value) => value };

/** @type {Kind<number>} */
const place = { write: (value) => String(round(value)), read: (value) => numbers(value, 1)[0] };

/** @type {Kind<number>} */
const whole = {
  write: String,
  read(value) {
    const [found] = numbers(value, 1);
    return Number.isInteger(found) && found >= 0 ? found : refuse("whole");
  },
};

/** @type {Kind<number>} */
const decimal = { write: short, read: (value) => numbers(value, 1)[0] };

/** @type {Kind<number[]>} */
const latent = {
  write: (value) => value.map(short).join(","),
  read: (value, { dimensions }) => numbers(value, dimensions),
};

/** @type {Kind<number[]>} */
const edges = {
  write: latent.write,
  read(value) {
    const found = numbers(value, 4);
    return found[0] < found[1] && found[2] < found[3] ? found : refuse("edges");
  },
};

/** @type {Kind<ReadonlySet<number>>} */
const labels = {
  write: (value) => [...value].join(","),
  read(value, { classes }) {
    const found = numbers(value);
    return new Set(
      found.every((label) => Number.isInteger(label) && label >= 0 && label < classes) ? found : refuse("labels"),
    );
  },
};

/** @type {Kind<boolean>} */
const flag = { write: () => "1", read: (value) => value === "1" || refuse("flag") };

/** @param {(fits: Fits) => readonly string[]} names @returns {Kind<string>} */
const oneOf = (names) => ({
  write: (value) => value,
  read: (value, fits) => (names(fits).includes(value) ? value : refuse("name")),
});

export const MOST_ANCHORS = 5;

/** @type {Kind<readonly Anchor[]>} */
const anchors = {
  write: (value) => (value.every(({ z }) => z) ? value.map(({ z }) => latent.write(z ?? [])).join(";") : ""),
  read(value, fits) {
    const latents = value.split(";").map((z) => latent.read(z, fits));
    if (latents.length > MOST_ANCHORS) refuse("anchors");
    return latents.map((z) => {
      const [x, y] = fits.project(z);
      return { x, y, point: null, z };
    });
  },
};

const HEATS = ["density", "drift", "prior", "classes"];

/** @type {{ [Key in keyof State]: Entry<State[Key]> }} */
export const TABLE = {
  model: { kind: text, default: "", link: "model", picture: true },
  plane: { kind: text, default: null, link: "plane", picture: true },
  x: { kind: place, default: 0, link: "x", linked: ({ z }) => z === null, picture: true },
  y: { kind: place, default: 0, link: "y", linked: ({ z }) => z === null, picture: true },
  point: { kind: whole, default: null, link: "point", picture: true, until: "plane" },
  z: { kind: latent, default: null, link: "z", picture: true, until: "plane" },
  view: { kind: edges, default: null, link: "view" },
  hidden: { kind: labels, default: new Set(), link: "hide", until: "model" },
  tool: { kind: oneOf(({ tools }) => tools), default: "point", link: "tool" },
  lattice: { kind: flag, default: false, link: "lattice" },
  heat: {
    kind: oneOf(({ variational }) => HEATS.filter((name) => variational || name !== "prior")),
    default: "",
    link: "heat",
  },
  anchors: { kind: anchors, default: [], link: "anchors", until: "plane" },
  method: {
    kind: oneOf(() => ["linear", "spherical"]),
    default: "linear",
    link: "walk",
    linked: ({ anchors, method }) => anchors.length > 0 && method !== "linear",
  },
  sampling: { default: "prior" },
  other: { kind: oneOf(({ others }) => others), default: "", link: "with", until: "model" },
  moment: {
    kind: decimal,
    default: null,
    link: "moment",
    linked: ({ tool, moment }) => tool === "history" && moment !== null,
    until: "plane",
  },
  selected: { default: [], until: "plane" },
  hovered: { default: null, until: "plane" },
};

export const KEYS = /** @type {(keyof State)[]} */ (Object.keys(TABLE));

/** @returns {State} */
const initial = () => /** @type {State} */ (Object.fromEntries(KEYS.map((key) => [key, TABLE[key].default])));

/** Where the map is now. Written by `change` and `forget`, and by `moveTo` at each move of the pointer. */
export const state = initial();

/** @type {Map<keyof State, ((value: any, before: any) => void)[]>} */
const watchers = new Map();

/**
 * Be told whenever another value is set.
 * @template {keyof State} Key
 * @param {Key} key @param {(value: State[Key], before: State[Key]) => void} tell
 */
export function watch(key, tell) {
  watchers.set(key, [...(watchers.get(key) ?? []), tell]);
}

/** Set values, all at once, and tell who watches those that are others now. @param {Partial<State>} values */
export function change(values) {
  const before = { ...state };
  const changed = KEYS.filter((key) => key in values && values[key] !== before[key]);
  Object.assign(state, values);
  for (const key of changed) {
    for (const tell of watchers.get(key) ?? []) tell(state[key], before[key]);
  }
}

/**
 * Forget what lasts until another plane or another model is shown. Nobody is told: all is drawn anew.
 * @param {boolean} model whether it is another one
 */
export function forget(model) {
  const gone = KEYS.filter((key) => TABLE[key].until === "plane" || (model && TABLE[key].until === "model"));
  Object.assign(state, Object.fromEntries(gone.map((key) => [key, TABLE[key].default])));
}

/** @typedef {Pick<State, "model" | "plane" | "x" | "y" | "point" | "z">} Snapshot what decides which picture is shown */

/** @param {State} of @returns {Snapshot} */
export function snapshot(of = state) {
  const shown = KEYS.filter((key) => TABLE[key].picture).map((key) => [key, of[key]]);
  return /** @type {Snapshot} */ (Object.fromEntries(shown));
}
