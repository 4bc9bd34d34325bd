// What the page says, in its language, which assets/language.js has found.
const LANGUAGE = navigator.language in props.texts ? navigator.language : "en";

function say(key, values = {}) {
  const text = props.texts[LANGUAGE][key] ?? props.texts.en[key];
  if (text === undefined) throw new Error(`There is no text ${key}.`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// A sentence that the server said in English, as `translated` of texts.py has it; as it is where none of the texts is like it.
let patterns = null;

function translated(sentence) {
  if (LANGUAGE === "en") return sentence;
  patterns ??= sentencePatterns();
  for (const [pattern, key] of patterns) {
    const found = pattern.exec(sentence);
    if (found)
      return say(
        key,
        Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, value]) => [name, translated(value)])),
      );
  }
  return sentence;
}

function sentencePatterns() {
  // those with the most words of their own first
  const known = Object.entries(props.texts.en).filter(([key]) => key.startsWith("told."));
  const own = ([, text]) => text.replace(/\{\w+\}/g, "").length;
  return known
    .sort((a, b) => own(b) - own(a))
    .map(([key, text]) => {
      const seen = new Set();
      const pattern = text.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, (_, name) => {
        const again = seen.has(name);
        seen.add(name);
        return again ? `\\k<${name}>` : `(?<${name}>.+)`;
      });
      return [new RegExp(`^${pattern}$`, "s"), key];
    });
}

const sayIf = (key, otherwise) => (key in props.texts.en ? say(key) : otherwise); // a visitor's own model has no texts
const sentences = (...all) => all.filter(Boolean).join(say("between.sentences"));

// An element says what its data-text, data-title and data-label name.
for (const named of element.querySelectorAll("[data-text]")) named.textContent = say(named.dataset.text);
for (const named of element.querySelectorAll("[data-title]")) named.title = say(named.dataset.title);
for (const named of element.querySelectorAll("[data-label]"))
  named.setAttribute("aria-label", say(named.dataset.label));
for (const named of element.querySelectorAll("[data-alt]")) named.alt = say(named.dataset.alt);
element.lang = LANGUAGE;
