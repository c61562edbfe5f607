// The HTTP side, which knows nothing of how readings are kept.
import { createServer } from 'node:http';

import { acknowledge, keep, summarize, summarizeFleet } from './queries.mjs';
import { WINDOW } from './reading.mjs';

const RECENT = 1_000;

/** A server that answers from a store, and remembers the latest requests, as servers do for those who look after them. */
export function serve(store) {
  const recent = [];
  let count = 0;
  return createServer(async (request, response) => {
    const start = performance.now();
    const { status, answer } = await answerTo(request, store);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
    const { method, url } = request;
    recent[count++ % RECENT] = { at: new Date(), method, url, status, time: performance.now() - start };
  });
}

async function answerTo(request, store) {
  try {
    const url = new URL(request.url, 'http://localhost');
    const body = request.method === 'POST' ? await read(request) : null;
    const answer = respond(store, request.method, url, body);
    return answer === null ? { status: 404, answer: { error: 'There is no such thing' } } : { status: 200, answer };
  } catch (error) {
    return { status: 400, answer: { error: error.message } };
  }
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  return chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString());
}

/** The answer to one request, or `null` where there is nothing of that name. */
function respond(store, method, url, body) {
  const [, collection, number, action] = url.pathname.split('/');
  if (collection === 'fleet') {
    return summarizeFleet(store);
  }
  if (collection === 'readings' && method === 'POST') {
    return keep(store, body);
  }
  if (collection !== 'vehicles') {
    return null;
  }
  const count = Math.min(Number(url.searchParams.get('last') ?? WINDOW), WINDOW);
  const readings = store.last(Number(number), count);
  if (readings === null) {
    return null;
  }
  switch (`${method} ${action}`) {
    case 'GET summary':
      return summarize(readings);
    case 'GET log':
      return readings;
    case 'POST acknowledge':
      return acknowledge(readings);
    default:
      return null;
  }
}
