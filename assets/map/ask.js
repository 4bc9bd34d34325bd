// Questions to the server about the map. Its name lets the server answer the pages behind one address in turn.
const PAGE = Math.random().toString(36).slice(2);

async function ask(tool, values) {
  let answer;
  try {
    answer = await fetch(new URL(`tool/${tool}`, base), {
      method: "POST", headers: { "Content-Type": "application/json", "X-Explorer-Page": PAGE },
      body: JSON.stringify(values),
    });
  } catch {
    throw new Error(say("ask.no-answer"));
  }
  const answered = await answer.json().catch(() => ({ error: say("ask.unreadable") }));
  if (!answer.ok) throw new Error(translated(answered.error));
  return answered;
}

// The newest question wins: one is on its way, the newest waits, and those between are never asked.
class Latest {
  constructor(tool, show, fail, pause = 0) {
    Object.assign(this, { tool, show, fail, pause, next: null, busy: false, turn: 0 });
  }

  ask(values, beside) { // beside: what `show` wants to know besides the answer
    this.next = { values, beside };
    if (!this.busy) this.go();
  }

  drop() { // whatever is on its way belongs to what was before
    this.turn += 1;
    this.next = null;
  }

  async go() {
    this.busy = true;
    while (this.next) {
      const asked = this.next, turn = this.turn, begin = performance.now();
      this.next = null;
      try {
        const told = await ask(this.tool, asked.values);
        if (turn === this.turn) this.show(told, asked.beside);
      } catch (error) {
        if (turn === this.turn) this.fail(error.message);
      }
      const rest = this.pause - (performance.now() - begin);
      if (rest > 0) await new Promise((done) => setTimeout(done, rest));
    }
    this.busy = false;
  }
}

// {shape: [..., H, W], pixels} -> a Uint8Array for each picture
function pictures({ shape, pixels }) {
  const bytes = fromBase64(pixels), [height, width] = shape.slice(-2), size = height * width;
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

const floats = (text) => new Float32Array(fromBase64(text).buffer);

function saveAs(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const download = ({ name, content }) => saveAs(new Blob([fromBase64(content)]), name);
