// What the page says, in its language: one file of assets/texts a language, fetched once for all of its parts.

/** @typedef {Record<string, string>} Texts key -> text, in which {name} stands for a value */
/** @typedef {Record<string, string | number>} Values */
/** @typedef {string | { key: string, values: Record<string, any> }} Told what the server says; values may be such too */

let language = "en";
/** @type {Texts} */
let said = {};
/** @type {Promise<void> | null} */
let loading = null;

/**
 * Fetch a language's texts, unless the page has them. Rejects where they can't be had.
 * @param {string} wanted what assets/language.js has found, by default
 */
export function load(wanted = navigator.language) {
  loading ??= fetchTexts(wanted).then((texts) => use(wanted, texts));
  return loading;
}

/** @param {string} name @returns {Promise<Texts>} */
async function fetchTexts(name) {
  const answer = await fetch(new URL(`../texts/${name}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`There are no texts ${name}.`);
  return answer.json();
}

/**
 * Speak a language from here on.
 * @param {string} name @param {Texts} texts
 */
export function use(name, texts) {
  [language, said] = [name, texts];
}

export const spoken = () => language;

/** @param {string} key @param {Values} values */
export function say(key, values = {}) {
  const text = said[key];
  if (text === undefined) throw new Error(`There is no text ${key}.`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** A text where there is one: a visitor's own model has none. @param {string} key @param {string} otherwise */
export const sayIf = (key, otherwise) => (key in said ? say(key) : otherwise);

/** @param {(string | null | undefined | false)[]} all those that are not empty, one after the other */
export const sentences = (...all) => all.filter(Boolean).join(say("between.sentences"));

/**
 * What the server says, in the page's language: a sentence by its key, a text without one as it is.
 * @param {Told} told @returns {string}
 */
export function translated(told) {
  if (typeof told === "string") return told;
  const values = Object.entries(told.values).map(([name, value]) => [name, translated(value)]);
  return say(told.key, Object.fromEntries(values));
}

/** Why the server refused a request. @param {{ error: string, told?: Told }} answer */
export const refusal = ({ error, told }) => translated(told ?? error);

/**
 * Every element below says what its data-text, data-title, data-label and data-alt name.
 * @param {HTMLElement} root
 */
export function fill(root) {
  /** @type {[string, (named: Element, text: string) => void][]} */
  const kinds = [
    ["text", (named, text) => (named.textContent = text)],
    ["title", (named, text) => named.setAttribute("title", text)],
    ["label", (named, text) => named.setAttribute("aria-label", text)],
    ["alt", (named, text) => named.setAttribute("alt", text)],
  ];
  for (const [kind, tell] of kinds) {
    for (const named of root.querySelectorAll(`[data-${kind}]`))
      tell(named, say(named.getAttribute(`data-${kind}`) ?? ""));
  }
  root.lang = language;
}
