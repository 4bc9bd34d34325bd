// The newest question wins: one is on its way, the newest waits, and those between are never asked.

/** @template Question, Answer, Beside */
export class Newest {
  /**
   * @param {(question: Question) => Promise<Answer>} ask
   * @param {(answer: Answer, beside: Beside) => void} show
   * @param {(sentence: string) => void} fail
   * @param {number} pause milliseconds from one question to the next
   */
  constructor(ask, show, fail, pause = 0) {
    this.question = ask;
    this.show = show;
    this.fail = fail;
    this.pause = pause;
    /** @type {{ question: Question, beside: Beside } | null} */
    this.next = null;
    this.busy = false;
    this.turn = 0;
  }

  /**
   * @param {Question} question
   * @param {Beside} [beside] what `show` wants to know besides the answer
   */
  ask(question, beside) {
    this.next = { question, beside: /** @type {Beside} */ (beside) };
    if (!this.busy) this.go();
  }

  /** Whatever is on its way belongs to what was before. */
  drop() {
    this.turn += 1;
    this.next = null;
  }

  async go() {
    this.busy = true;
    while (this.next) {
      const { question, beside } = this.next;
      const turn = this.turn;
      const begin = performance.now();
      this.next = null;
      try {
        const answer = await this.question(question);
        if (turn === this.turn) this.show(answer, beside);
      } catch (error) {
        if (turn === this.turn) this.fail(error instanceof Error ? error.message : String(error));
      }
      const rest = this.pause - (performance.now() - begin);
      if (rest > 0) await new Promise((done) => setTimeout(done, rest));
    }
    this.busy = false;
  }
}
