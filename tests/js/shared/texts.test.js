import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";

import { say, sayIf, sentences, spoken, translated, use } from "../../../assets/shared/texts.js";

const read = (/** @type {string} */ language) =>
  JSON.parse(readFileSync(new URL(`../../../assets/texts/${language}.json`, import.meta.url), "utf-8"));
const ENGLISH = read("en");
const LANGUAGES = ["zh-CN", "zh-TW"];

afterEach(() => use("en", {}));

test("values take the place of their names, each time", () => {
  use("en", { both: "{one} and {other}, {one} again; {2x} is {}" });
  assert.equal(say("both", { one: 1, other: "$&" }), "1 and $&, 1 again; undefined is {}");
});

test("a text that is missing is an error, or what else there is", () => {
  use("en", { known: "Known." });
  assert.throws(() => say("unknown"), /unknown/);
  assert.equal(sayIf("unknown", "Said by its owner."), "Said by its owner.");
  assert.equal(sayIf("known", "Said by its owner."), "Known.");
});

test("sentences follow one another as the language has it", () => {
  for (const language of ["en", ...LANGUAGES]) {
    use(language, read(language), ENGLISH);
    const between = read(language)["between.sentences"];
    assert.equal(sentences("One.", "", null, undefined, false, "Two."), `One.${between}Two.`);
    assert.equal(spoken(), language);
  }
});

for (const language of LANGUAGES) {
  test(`every sentence of the server is recognised with what was put into it, and said in ${language}`, () => {
    const said = read(language);
    use(language, said, ENGLISH);
    /** @type {(text: string) => string} */
    const filled = (text) => text.replace(/\{(\w+)\}/g, (_, name) => `<${name} 12>`);
    const told = Object.keys(ENGLISH).filter((key) => key.startsWith("told."));
    assert(told.length > 100);
    for (const key of told) assert.equal(translated(filled(ENGLISH[key])), filled(said[key]), key);
  });
}

test("a sentence within another is translated as well", () => {
  const chinese = read("zh-TW");
  use("zh-TW", chinese, ENGLISH);
  const why = ENGLISH["told.hub.no-model"];
  const whole = ENGLISH["told.photo.of-list"].replace("{number}", "2").replace("{why}", why);
  const expected = chinese["told.photo.of-list"].replace("{number}", "2");
  assert.equal(translated(whole), expected.replace("{why}", chinese["told.hub.no-model"]));
});

test("what nobody says, and English, stay as they are", () => {
  use("zh-CN", read("zh-CN"), ENGLISH);
  assert.equal(translated("{Nobody} said this."), "{Nobody} said this.");
  use("en", ENGLISH);
  assert.equal(translated(ENGLISH["told.hub.no-model"]), ENGLISH["told.hub.no-model"]);
});
