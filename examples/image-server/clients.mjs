// Clients as servers meet them: some are polite, others break off, dawdle, or lie about what they send. Each is a function
// that makes one visit and throws where the server does not do what it should.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { LIMIT } from './api.mjs';
import { findPixels, makeHead, makePicture, SPARE } from './picture.mjs';
import { soften } from './soften.mjs';

const PIECES = 20;
const PAUSE = 10; // milliseconds between two pieces of those who dawdle

/** By what they do. All of them get `{ port, picture, answer, random }`. */
export const CLIENTS = {
  async 'waits for its answer'({ port, picture, answer }) {
    const socket = call(port);
    socket.write(head(picture.length));
    socket.write(picture);
    expectAnswer(await readAll(socket), answer);
  },

  async 'dawdles while sending'({ port, picture, answer }) {
    const socket = call(port);
    const received = readAll(socket);
    socket.write(head(picture.length));
    for (const piece of cut(picture)) {
      socket.write(piece);
      await sleep(PAUSE);
    }
    expectAnswer(await received, answer);
  },

  async 'dawdles while reading'({ port, picture, answer }) {
    const socket = call(port);
    socket.write(head(picture.length));
    socket.write(picture);
    const pause = () => {
      socket.pause();
      setTimeout(() => socket.resume(), PAUSE);
    };
    expectAnswer(await readAll(socket, pause), answer);
  },

  async 'breaks off while sending'({ port, picture, random }) {
    const socket = call(port);
    socket.write(head(picture.length));
    socket.write(picture.subarray(0, random.integer(0, picture.length - 1)));
    await sleep(random.integer(0, PAUSE));
    await leave(socket, random);
  },

  async 'breaks off while waiting'({ port, picture, random }) {
    const socket = call(port);
    socket.write(head(picture.length));
    socket.write(picture, () => setTimeout(() => leave(socket, random), random.integer(0, PAUSE)));
    await closed(socket);
  },

  async 'breaks off while reading'({ port, picture, random }) {
    const socket = call(port);
    socket.write(head(picture.length));
    socket.write(picture);
    socket.once('data', () => leave(socket, random));
    await closed(socket);
  },

  async 'breaks off while its answer is compressed'({ port, picture, random }) {
    const socket = call(port);
    socket.write(head(picture.length, { 'accept-encoding': 'gzip' }));
    socket.write(picture, () => setTimeout(() => leave(socket, random), random.integer(0, 10 * PAUSE)));
    await closed(socket);
  },

  async 'asks three times, leaves at the first answer'({ port, picture, random }) {
    const socket = call(port);
    for (let i = 0; i < 3; i++) {
      socket.write(head(picture.length, { connection: 'keep-alive' }));
      socket.write(picture);
    }
    socket.once('data', () => leave(socket, random));
    await closed(socket);
  },

  async 'promises more than it sends'({ port, picture }) {
    const socket = call(port);
    socket.write(head(picture.length + 100));
    socket.end(picture);
    expectStatus(await readAll(socket), 400);
  },

  async 'sends more than it promises'({ port, picture }) {
    const socket = call(port);
    socket.write(head(picture.length - 100));
    socket.write(picture.subarray(0, picture.length - 100));
    const received = readAll(socket);
    socket.end(picture.subarray(-100));
    // What the server leaves unread makes the system reset the connection, which may come before the answer.
    const answer = await received;
    if (answer.length > 0) {
      expectStatus(answer, 400);
    }
  },

  async 'promises too much'({ port }) {
    const socket = call(port);
    socket.write(head(LIMIT + 1));
    expectStatus(await readAll(socket), 413);
  },

  async 'does not say how much'({ port }) {
    const socket = call(port);
    socket.write('POST / HTTP/1.1\r\nhost: pictures\r\ntransfer-encoding: chunked\r\n\r\n');
    expectStatus(await readAll(socket), 411);
  },

  async 'sends no picture'({ port, picture }) {
    const socket = call(port);
    socket.write(head(picture.length));
    socket.write(picture.toReversed());
    expectStatus(await readAll(socket), 400);
  },
};

/** A picture and what the server should answer. */
export function makeTask(bytes, seed) {
  const picture = makePicture(bytes, seed);
  const { width, height, pixels } = findPixels(Buffer.concat([picture, Buffer.alloc(SPARE)]), picture.length);
  const softened = new Int32Array(pixels.length);
  soften(pixels, softened, new Int32Array(pixels.length), width);
  return { picture, answer: Buffer.concat([Buffer.from(makeHead(width, height)), Buffer.from(softened.buffer)]) };
}

function head(length, headers = {}) {
  const all = { host: 'pictures', 'content-length': length, connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST / HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function call(port) {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {}); // it shows in what was received
  return socket;
}

/** By an end as it should be, or by a reset, which leaves the server no time. */
function leave(socket, random) {
  const gone = closed(socket);
  if (random() < 0.5) {
    socket.destroy();
  } else {
    socket.resetAndDestroy();
  }
  return gone;
}

/** Whether by an error or not. */
function closed(socket) {
  socket.resume();
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', resolve)));
}

/** All that the server sends until it closes. */
async function readAll(socket, onChunk = () => {}) {
  const chunks = [];
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    onChunk();
  });
  await closed(socket);
  return Buffer.concat(chunks);
}

function cut(data) {
  const length = Math.ceil(data.length / PIECES);
  return Array.from({ length: PIECES }, (_, i) => data.subarray(i * length, (i + 1) * length));
}

function expectStatus(received, status) {
  const line = received.toString('latin1', 0, 12);
  if (line !== `HTTP/1.1 ${status}`) {
    throw new Error(`Expected an answer with status ${status}. Received '${line}'`);
  }
}

function expectAnswer(received, answer) {
  expectStatus(received, 200);
  const body = received.subarray(received.indexOf('\r\n\r\n') + 4);
  if (!body.equals(answer)) {
    throw new Error(`Not the answer to this picture: ${body.length} of ${answer.length} bytes`);
  }
}
