// The page's language: ?lang=, else the browser's first that there is, else English. navigator.language says it from
// here on: Gradio's front end asks that for its own words and for ours, by just the names of our files.
(() => {
  const tags = TAGS; // every tag that is understood, in lower case -> the file that answers to it
  const wanted = [new URLSearchParams(location.search).get("lang"), ...navigator.languages].filter(Boolean);
  let language;
  for (const tag of wanted) {
    const parts = tag.toLowerCase().split("-");
    while (!language && parts.length) { // RFC 4647, 3.4
      language = tags[parts.join("-")];
      parts.pop();
    }
    if (language) break;
  }
  language ??= "en";
  Object.defineProperty(navigator, "language", { value: language });
  document.documentElement.lang = language;
})();
