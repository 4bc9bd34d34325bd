import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";

import { refusal, say, sayIf, sentences, spoken, translated, use } from "../../../assets/shared/texts.js";

const read = (/** @type {string} */ language) =>
  JSON.parse(readFileSync(new URL(`../../../assets/texts/${language}.json`, import.meta.url), "utf-8"));
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
    use(language, read(language));
    const between = read(language)["between.sentences"];
    assert.equal(sentences("One.", "", null, undefined, false, "Two."), `One.${between}Two.`);
    assert.equal(spoken(), language);
  }
});

test("what the server says is said by its key, with what was put into it", () => {
  const chinese = read("zh-TW");
  use("zh-TW", chinese);
  const why = { key: "told.hub.no-model", values: {} };
  assert.equal(translated(why), chinese["told.hub.no-model"]);
  const whole = { key: "told.photo.of-list", values: { number: "2", why } };
  const expected = chinese["told.photo.of-list"]
    .replace("{number}", "2")
    .replace("{why}", chinese["told.hub.no-model"]);
  assert.equal(translated(whole), expected);
});

test("what has no key stays as it is", () => {
  use("zh-CN", read("zh-CN"));
  assert.equal(translated("{Nobody} said this."), "{Nobody} said this.");
  assert.equal(refusal({ error: "x is far." }), "x is far.");
});

test("why a request was refused is said in the page's language where it has a key", () => {
  const chinese = read("zh-CN");
  use("zh-CN", chinese);
  const told = { key: "told.busy.questions", values: {} };
  assert.equal(refusal({ error: "Too many questions.", told }), chinese["told.busy.questions"]);
});
