// What the page says, in its language: one file of assets/texts a language, fetched once for all of its parts.

/** @typedef {Record<string, string>} Texts key -> text, in which {name} stands for a value */
/** @typedef {Record<string, string | number>} Values */

const ENGLISH = "en";

let language = ENGLISH;
/** @type {Texts} */
let said = {};
/** @type {Texts} what the server says, by which its sentences are recognised */
let english = {};
/** @type {Promise<void> | null} */
let loading = null;
/** @type {[RegExp, string][] | null} */
let patterns = null;

/**
 * Fetch a language's texts, unless the page has them. Rejects where they can't be had.
 * @param {string} wanted what assets/language.js has found, by default
 */
export function load(wanted = navigator.language) {
  loading ??= Promise.all([...new Set([wanted, ENGLISH])].map(fetchTexts)).then(([first, second]) => {
    use(wanted, first, second ?? first);
  });
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
 * @param {string} name @param {Texts} texts @param {Texts} inEnglish
 */
export function use(name, texts, inEnglish = texts) {
  [language, said, english, patterns] = [name, texts, inEnglish, null];
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
 * A sentence that the server said in English, in the page's language; as it is where none of the texts is like it.
 * @param {string} sentence @returns {string}
 */
export function translated(sentence) {
  if (language === ENGLISH) return sentence;
  patterns ??= sentencePatterns();
  for (const [pattern, key] of patterns) {
    const found = pattern.exec(sentence);
    if (!found) continue;
    const values = Object.entries(found.groups ?? {}).map(([name, value]) => [name, translated(value)]);
    return say(key, Object.fromEntries(values));
  }
  return sentence;
}

/** @returns {[RegExp, string][]} those with the most words of their own first */
function sentencePatterns() {
  const known = Object.entries(english).filter(([key]) => key.startsWith("told."));
  /** @param {[string, string]} entry */
  const own = ([, text]) => text.replace(/\{\w+\}/g, "").length;
  return known.sort((a, b) => own(b) - own(a)).map(([key, text]) => [new RegExp(`^${patternOf(text)}$`, "s"), key]);
}

/** @param {string} text */
function patternOf(text) {
  const seen = new Set();
  return text.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, (_, name) => {
    const again = seen.has(name);
    seen.add(name);
    return again ? `\\k<${name}>` : `(?<${name}>.+)`;
  });
}

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
