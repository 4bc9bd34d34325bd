// Frames for places: over a WebSocket, and over plain HTTP while the socket is not open.
import { refusal } from "../shared/texts.js";

const IN_FLIGHT = 6;
const HEADER_BYTES = 16;
const REFUSED = 1008; // the close code of a place that cannot be

/** @typedef {Record<string, unknown>} Place as the decode worker takes it: model, plane, x, y, point or model, z */
/** @typedef {{ id: number, width: number, height: number, pixels: Uint8Array }} Frame grey bytes, row by row */

/** One answer of the socket, as live/routes.py packs it. @param {ArrayBuffer} buffer @returns {Frame} */
export function readFrame(buffer) {
  const view = new DataView(buffer);
  const [width, height] = [view.getUint16(4, true), view.getUint16(6, true)];
  return { id: view.getUint32(0, true), width, height, pixels: new Uint8Array(buffer, HEADER_BYTES) };
}

/** The query by which a place is asked for over HTTP. @param {Place} place */
export function queryOf(place) {
  const given = Object.entries(place).filter(([, value]) => value !== null);
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
}

export class FrameSource {
  /**
   * @param {URL} base where our routes are
   * @param {(frame: Frame) => void} onFrame
   * @param {(sentence: string) => void} onRefusal
   * @param {() => void} onLost what was asked last may never be answered
   */
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
    /** @type {Place | null} */
    this.last = null;
    this.connect();
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  get connecting() {
    return this.socket?.readyState === WebSocket.CONNECTING;
  }

  get ready() {
    return this.open ? this.lastId - this.answered < IN_FLIGHT : this.fetching < IN_FLIGHT;
  }

  /** @param {Place} place @returns {number} the id that its frame will have */
  request(place) {
    const id = ++this.lastId;
    this.last = place;
    if (this.open) this.socket?.send(JSON.stringify({ id, ...place }));
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
    this.socket.onmessage = ({ data }) => {
      const frame = readFrame(data);
      this.answered = Math.max(this.answered, frame.id);
      this.onFrame(frame);
    };
    this.socket.onclose = ({ code, reason }) => {
      // A close frame has room for English only; asked again, the server says why by a key.
      if (code === REFUSED && this.last) this.fetch(this.lastId, this.last);
      else if (code === REFUSED) this.onRefusal(reason);
      else if (this.answered < this.lastId) this.onLost();
      this.connectLater(this.delay);
      this.delay = Math.min(this.delay * 2, 15_000);
    };
  }

  /**
   * Only where the server answers at all: while it restarts, browsers put off sockets that failed for longer and longer.
   * Behind some proxies it knows our page by a cookie only, which it gives us over HTTP.
   * @param {number} delay milliseconds
   */
  connectLater(delay) {
    const connect = async () => {
      const answer = await fetch(new URL("healthz", this.base), { cache: "no-store" }).catch(() => null);
      if (!answer?.ok) {
        this.delay = 250;
        this.connectLater(1000);
        return;
      }
      this.passed ||= await fetch(new URL("pass", this.base), { method: "POST" }).then(
        () => true,
        () => false,
      );
      this.connect();
    };
    setTimeout(connect, delay * (0.75 + Math.random() / 2));
  }

  /** @param {number} id @param {Place} place */
  async fetch(id, place) {
    this.fetching += 1;
    try {
      const answer = await fetch(new URL(`frame?${queryOf(place)}`, this.base));
      if (answer.ok) {
        const [height, width] = (answer.headers.get("X-Frame-Shape") ?? "").split("x").map(Number);
        this.onFrame({ id, width, height, pixels: new Uint8Array(await answer.arrayBuffer()) });
      } else if (answer.status < 500) {
        this.onRefusal(refusal(await answer.json()));
      }
    } catch (error) {
      console.warn("frame not fetched:", error);
      if (id === this.lastId) setTimeout(this.onLost, 1000);
    }
    this.fetching -= 1;
  }
}
