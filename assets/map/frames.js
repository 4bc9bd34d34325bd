// Frames for places: over a WebSocket, and over plain HTTP while the socket is not open.
const IN_FLIGHT = 6;
const HEADER_BYTES = 16;

class FrameSource {
  constructor(base, onFrame, onRefusal, onLost) {
    this.base = base;
    this.onFrame = onFrame;
    this.onRefusal = onRefusal;
    this.onLost = onLost;
    this.lastId = 0;
    this.answered = 0; // an answer also stands for every older request: the server keeps only the latest
    this.fetching = 0;
    this.delay = 250;
    this.passed = false;
    this.connect();
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  get ready() {
    return this.open ? this.lastId - this.answered < IN_FLIGHT : this.fetching < IN_FLIGHT;
  }

  request(place) {
    const id = ++this.lastId;
    if (this.open) this.socket.send(JSON.stringify({ id, ...place }));
    else this.fetch(id, place);
    return id;
  }

  connect() {
    const url = new URL("ws", this.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.delay = 250;
      this.passed = false;
      this.answered = this.lastId;
    };
    this.socket.onmessage = ({ data }) => this.receive(data);
    this.socket.onclose = ({ code, reason }) => {
      if (code === 1008) this.onRefusal(translated(reason));
      else if (this.answered < this.lastId) this.onLost();
      this.connectLater(this.delay);
      this.delay = Math.min(this.delay * 2, 15000);
    };
  }

  // Only where the server answers at all: while it restarts, browsers put off sockets that failed for longer and longer.
  // Behind some proxies it knows our page by a cookie only, which it gives us over HTTP.
  connectLater(delay) {
    setTimeout(async () => {
      const answer = await fetch(new URL("healthz", this.base), { cache: "no-store" }).catch(() => null);
      if (!answer?.ok) {
        this.delay = 250;
        this.connectLater(1000);
        return;
      }
      this.passed ||= await fetch(new URL("pass", this.base), { method: "POST" }).then(() => true, () => false);
      this.connect();
    }, delay * (0.75 + Math.random() / 2));
  }

  receive(buffer) {
    const view = new DataView(buffer);
    const id = view.getUint32(0, true);
    this.answered = Math.max(this.answered, id);
    const [width, height] = [view.getUint16(4, true), view.getUint16(6, true)];
    this.onFrame(id, width, height, new Uint8Array(buffer, HEADER_BYTES));
  }

  async fetch(id, place) {
    this.fetching += 1;
    try {
      const given = Object.entries(place).filter(([, value]) => value !== null);
      const answer = await fetch(new URL(`frame?${new URLSearchParams(given)}`, this.base));
      if (answer.ok) {
        const [height, width] = answer.headers.get("X-Frame-Shape").split("x").map(Number);
        this.onFrame(id, width, height, new Uint8Array(await answer.arrayBuffer()));
      } else if (answer.status < 500) {
        this.onRefusal(translated((await answer.json()).error));
      }
    } catch (error) {
      console.warn("frame not fetched:", error);
      if (id === this.lastId) setTimeout(this.onLost, 1000);
    }
    this.fetching -= 1;
  }
}
