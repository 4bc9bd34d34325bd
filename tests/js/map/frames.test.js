import assert from "node:assert/strict";
import test from "node:test";

import { FrameSource, queryOf, readFrame } from "../../../assets/map/frames.js";

/** An answer as the server packs it: struct "<IHHff" and the pixels. */
function packed(id, width, height, pixels) {
  const bytes = new Uint8Array(16 + pixels.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id, true);
  view.setUint16(4, width, true);
  view.setUint16(6, height, true);
  view.setFloat32(8, 1.5, true);
  view.setFloat32(12, 2.5, true);
  bytes.set(pixels, 16);
  return bytes.buffer;
}

test("a frame is read as the server has packed it", () => {
  const frame = readFrame(packed(2 ** 32 - 1, 3, 2, [0, 1, 2, 253, 254, 255]));
  assert.deepEqual([frame.id, frame.width, frame.height], [2 ** 32 - 1, 3, 2]);
  assert.deepEqual([...frame.pixels], [0, 1, 2, 253, 254, 255]);
});

test("what a place does not have is not asked for", () => {
  const query = queryOf({ model: "a b", x: 0, y: -1.5, plane: null, point: null });
  assert.equal(String(query), "model=a+b&x=0&y=-1.5");
  assert.equal(String(queryOf({ model: "m", z: [1, 2] })), "model=m&z=1%2C2");
});

/** A socket that is opened and answered by hand. */
class Socket {
  static OPEN = 1;
  static CONNECTING = 0;
  static all = [];
  readyState = 0;
  sent = [];
  constructor(url) {
    this.url = String(url);
    Socket.all.push(this);
  }
  open() {
    this.readyState = Socket.OPEN;
    this.onopen();
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
}

function source(heard = {}) {
  globalThis.WebSocket = Socket;
  const made = new FrameSource(
    new URL("https://maps.example/below/gradio_api/explorer/"),
    (frame) => heard.frames?.push(frame.id),
    (sentence) => heard.refusals?.push(sentence),
    () => (heard.lost = true),
  );
  return [made, Socket.all[Socket.all.length - 1]];
}

test("a secure page's socket is a secure one, below the page's path", () => {
  assert.equal(source()[1].url, "wss://maps.example/below/gradio_api/explorer/ws");
});

test("six frames may be on their way, and an answer stands for every older request", () => {
  const heard = { frames: [] };
  const [frames, socket] = source(heard);
  socket.open();
  for (let i = 0; i < 6; i++) {
    assert.ok(frames.ready);
    frames.request({ model: "m", x: i, y: 0 });
  }
  assert.equal(frames.ready, false);
  assert.deepEqual(socket.sent[5], { id: 6, model: "m", x: 5, y: 0 });
  socket.onmessage({ data: packed(4, 1, 1, [7]) });
  assert.deepEqual(heard.frames, [4]);
  assert.ok(frames.ready);
});

test("an older answer that comes late counts for nothing", () => {
  const [frames, socket] = source();
  socket.open();
  for (let i = 0; i < 6; i++) frames.request({});
  socket.onmessage({ data: packed(6, 1, 1, [7]) });
  socket.onmessage({ data: packed(2, 1, 1, [7]) });
  assert.equal(frames.answered, 6);
});

test("while the socket is not open a place is asked for over HTTP", async (t) => {
  const heard = { frames: [] };
  const asked = [];
  t.mock.method(globalThis, "fetch", async (url) => {
    asked.push(String(url));
    return new Response(new Uint8Array(6), { headers: { "X-Frame-Shape": "2x3" } });
  });
  const [frames] = source(heard);
  const id = frames.request({ model: "m", x: 1, y: 2, point: null });
  assert.equal(frames.fetching, 1);
  await new Promise(setImmediate);
  assert.deepEqual(asked, ["https://maps.example/below/gradio_api/explorer/frame?model=m&x=1&y=2"]);
  assert.deepEqual(heard.frames, [id]);
  assert.equal(frames.fetching, 0);
});

test("a refused place is told, over HTTP and by the socket's end", async (t) => {
  const heard = { refusals: [] };
  t.mock.method(globalThis, "fetch", async () => Response.json({ error: "No such map." }, { status: 404 }));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [frames, socket] = source(heard);
  frames.request({});
  await new Promise(setImmediate);
  socket.onclose({ code: 1008, reason: "x is far." });
  await new Promise(setImmediate);
  assert.deepEqual(heard.refusals, ["No such map.", "No such map."]); // asked again, for more than the socket can say
});

test("a socket that ends before anything was asked says why itself", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const heard = { refusals: [] };
  source(heard)[1].onclose({ code: 1008, reason: "x is far." });
  assert.deepEqual(heard.refusals, ["x is far."]);
});

test("what was on its way when the socket closed is lost", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const heard = {};
  const [frames, socket] = source(heard);
  socket.open();
  frames.request({});
  socket.onclose({ code: 1006, reason: "" });
  assert.ok(heard.lost);
});
