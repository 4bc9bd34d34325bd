// What the page says, in the visitor's language: ?lang=, else the browser's, else English.
const LANGUAGE = (() => {
  const wanted = [new URLSearchParams(location.search).get("lang"), ...navigator.languages];
  for (const tag of wanted.filter(Boolean)) {
    if (tag in props.texts) return tag;
    if (/^zh(-Hant|-HK|-MO)/i.test(tag)) return "zh-TW";
    if (/^zh/i.test(tag)) return "zh-CN";
    const [language] = tag.toLowerCase().split("-");
    if (language in props.texts) return language;
  }
  return "en";
})();

function say(key, values = {}) {
  const text = props.texts[LANGUAGE][key] ?? props.texts.en[key];
  if (text === undefined) throw new Error(`There is no text ${key}.`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

const sayIf = (key, otherwise) => (key in props.texts.en ? say(key) : otherwise); // a visitor's own model has no texts
const sentences = (...all) => all.filter(Boolean).join(say("between.sentences"));

// An element says what its data-text, data-title and data-label name.
for (const named of element.querySelectorAll("[data-text]")) named.textContent = say(named.dataset.text);
for (const named of element.querySelectorAll("[data-title]")) named.title = say(named.dataset.title);
for (const named of element.querySelectorAll("[data-label]")) named.setAttribute("aria-label", say(named.dataset.label));
for (const named of element.querySelectorAll("[data-alt]")) named.alt = say(named.dataset.alt);
element.lang = LANGUAGE;
