// Questions to the server about the map.
import { fromBase64 } from "../shared/bytes.js";
import { saveAs } from "../shared/dom.js";
import { Newest } from "../shared/newest.js";
import { refusal, say } from "../shared/texts.js";
import { base } from "./page.js";

const PAGE = Math.random().toString(36).slice(2); // lets the server answer the pages behind one address in turn

/**
 * What a tool of the server answers. Rejects with a sentence.
 * @param {string} tool
 * @param {Record<string, unknown>} values
 * @returns {Promise<any>}
 */
export async function ask(tool, values) {
  let answer;
  try {
    answer = await fetch(new URL(`tool/${tool}`, base), {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Explorer-Page": PAGE },
      body: JSON.stringify(values),
    });
  } catch {
    throw new Error(say("ask.no-answer"));
  }
  const answered = await answer.json().catch(() => ({ error: say("ask.unreadable") }));
  if (!answer.ok) throw new Error(refusal(answered));
  return answered;
}

/**
 * Questions to one tool, of which the newest wins.
 * @param {string} tool
 * @param {(told: any, beside: any) => void} show
 * @param {(sentence: string) => void} fail
 * @param {number} [pause] milliseconds from one to the next
 * @returns {Newest<Record<string, unknown>, any, any>}
 */
export const asking = (tool, show, fail, pause) => new Newest((values) => ask(tool, values), show, fail, pause);

/** A file that the server has made. @param {{ name: string, content: string }} file */
export const download = ({ name, content }) => saveAs(new Blob([fromBase64(content)]), name);
