/**
 * @typedef {import("./cells.js").Cell} Cell
 * @typedef {{ decode: boolean, point?: Cell }} Question decode: the picture too; point: the cell that was clicked
 */

const PATIENCE = 30_000; // milliseconds: an answer that never comes must not lock the controls

/** One question is under way at a time; the newest one waits, older ones are forgotten. */
export class Questions {
  #asking = false;
  #patience = 0;
  /** @type {Question | null} */
  #waiting = null;

  /**
   * @param {(question: Question) => void} send
   * @param {(question: Question | null) => void} told what is under way now
   */
  constructor(send, told) {
    this.send = send;
    this.told = told;
  }

  /** @param {Question} question */
  ask(question) {
    if (this.#asking) {
      this.#waiting = { ...question, decode: question.decode || Boolean(this.#waiting?.decode) };
      return;
    }
    this.#asking = true;
    this.told(question);
    this.#patience = setTimeout(() => this.answered(), PATIENCE);
    this.send(question);
  }

  answered() {
    clearTimeout(this.#patience);
    this.#asking = false;
    this.told(null);
    const next = this.#waiting;
    this.#waiting = null;
    if (next) this.ask(next);
  }

  /** What waits belongs to what was before. */
  forget() {
    this.#waiting = null;
  }
}
