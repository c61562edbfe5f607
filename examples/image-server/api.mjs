// The HTTP side: takes a picture, softens it, answers with what comes of it. It does not know where memory comes from.
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { findPixels, makeHead, SPARE } from './picture.mjs';
import { soften } from './soften.mjs';

/** The longest body that is taken, in bytes: a picture of 4 MiB with its head. */
export const LIMIT = 4 * 1024 * 1024 + 1024;

const compress = promisify(gzip);

/**
 * A server whose requests take their memory from one of the modules memory-….mjs.
 *
 * @param {{ answered: number, refused: number, aborted: number, failed: number }} counts Of requests; kept up to date.
 */
export function serve(memory, counts) {
  const server = createServer(async (request, response) => {
    try {
      await memory.forRequest(request, response, (scratch) => respond(request, response, scratch));
      counts.answered++;
    } catch (error) {
      if (error instanceof Aborted) {
        counts.aborted++;
        response.end(); // nobody reads it; it says that the handler is done
      } else {
        refuse(response, error, counts);
      }
    }
  });
  // Requests that come before the answers to earlier ones all wait for the end of their socket.
  server.on('connection', (socket) => socket.setMaxListeners(0));
  return server;
}

async function respond(request, response, scratch) {
  const length = lengthOf(request);
  const body = scratch.buffer(length + SPARE);
  await receive(request, body);

  const { width, height, pixels } = readPicture(body, length);
  const head = makeHead(width, height);
  const answer = scratch.buffer(head.length + 4 * pixels.length);
  answer.write(head, 'latin1');
  const softened = new Int32Array(answer.buffer, answer.byteOffset + head.length, pixels.length);
  soften(pixels, softened, scratch.array(Int32Array, pixels.length), width);

  if (request.headers['accept-encoding'] === 'gzip') {
    // A job that reads `answer` in another thread: whatever becomes of the client, the memory is in use until it is done.
    const compressed = await compress(answer, { level: 1 });
    await send(response, compressed, { 'content-encoding': 'gzip' });
  } else {
    await send(response, answer);
  }
}

function lengthOf({ headers }) {
  const length = Number(headers['content-length']);
  if (Number.isNaN(length)) {
    throw new Refusal(411, 'Expected a Content-Length');
  }
  if (length > LIMIT) {
    throw new Refusal(413, `Expected at most ${LIMIT} bytes`);
  }
  return length;
}

/** Resolves when the whole body is in `into`. Nothing is written there any more when it rejects. */
function receive(request, into) {
  return new Promise((resolve, reject) => {
    let at = 0;
    request.on('data', (chunk) => {
      at += chunk.copy(into, at);
    });
    request.once('end', resolve);
    request.once('error', () => reject(new Aborted())); // by then it is destroyed, and gives no more data
  });
}

function readPicture(body, length) {
  try {
    return findPixels(body, length);
  } catch (error) {
    throw new Refusal(400, error.message);
  }
}

/**
 * Sends an answer, and settles when its memory may serve another request: when nothing reads it any more.
 *
 * Node holds a Buffer that was written until the kernel has taken all of it, which for a slow reader takes as long as the
 * reader likes. `finish` comes after that: it is the callback of a last, empty write, and a socket calls back in the
 * order of its writes. `response.end()` returning, or a drained queue, says nothing of the kind.
 *
 * When the client goes away meanwhile, `close` of the socket comes in any case, and after the end of every write: libuv
 * cancels the writes on a handle before it says that the handle is closed. `close` of the response will not do: on Node 20
 * and 22 it never comes for an answer that waits behind another one on the same connection.
 */
function send(response, data, headers = {}) {
  const { socket } = response.req;
  return new Promise((resolve, reject) => {
    if (socket.closed) {
      throw new Aborted();
    }
    const settle = () => {
      response.off('finish', settle);
      socket.off('close', settle);
      if (socket.destroyed) {
        reject(new Aborted());
      } else {
        resolve();
      }
    };
    response.once('finish', settle);
    socket.once('close', settle);
    response.writeHead(200, {
      'content-type': 'image/x-portable-arbitrarymap',
      'content-length': data.length,
      ...headers,
    });
    response.end(data);
  });
}

function refuse(response, error, counts) {
  const status = error instanceof Refusal ? error.status : 500;
  if (status === 500) {
    console.error(error);
  }
  counts[status === 500 ? 'failed' : 'refused']++;
  // The rest of the body is not worth waiting for.
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
  response.end(`${error.message}\n`);
}

/** What is wrong with a request. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The client is gone. */
class Aborted extends Error {}
