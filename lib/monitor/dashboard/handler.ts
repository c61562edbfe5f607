import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { checkOptions } from '../../arguments';
import { invalidType, invalidValue, outOfRange } from '../../errors';
import { Feed } from './feed';
import { CONTENT_SECURITY_POLICY, PAGE } from './page';

/** Where the page is found, and how often it is brought up to date. */
export interface DashboardOptions {
  /**
   * The path that the page has in the URLs of requests. Express and Connect take the path of `app.use(path, …)` off, so that it is
   * `/` there. Default: `/`.
   */
  path?: string;
  /** Milliseconds from one update to the next, from 100 to 2^31 - 1. Default: 1,000. */
  intervalMs?: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void;

/** What {@link dashboard} answers: for `http.createServer`, and for `app.use` of Express and Connect. */
export interface Dashboard extends Handler {
  /** Ends the streams of those who watch, so that a server can close, and refuses new ones. */
  close(): void;
}

const MAX_DELAY = 2 ** 31 - 1;

const COMMON: OutgoingHttpHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
const PAGE_HEADERS: OutgoingHttpHeaders = {
  ...COMMON,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Length': Buffer.byteLength(PAGE),
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cache-Control': 'no-store',
};
/** The last two keep what is between from compressing or collecting what should arrive at once. */
const STREAM_HEADERS: OutgoingHttpHeaders = {
  ...COMMON,
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/**
 * A page that shows the pools, request arenas and watched arenas of this thread, the memory of the process, pauses for garbage collection
 * and the delay of the event loop, as they change. It needs nothing from elsewhere. Nothing is measured while nobody looks.
 *
 * It has no authentication: mount it behind one, or where only operators come.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`, or RangeError `ERR_OUT_OF_RANGE`, for a wrong option.
 */
export function dashboard(options: DashboardOptions = {}): Dashboard {
  const { path = '/', intervalMs = 1000 } = checkOptions(options);
  checkPath(path);
  checkInterval(intervalMs);
  const base = path.replace(/\/$/, '');
  const feed = new Feed(intervalMs);
  let closed = false;

  const handle: Handler = (request, response, next) => {
    const [place = '', query = ''] = request.url!.split('?', 2);
    if (place !== base && place !== `${base}/`) {
      if (next === undefined) {
        refuse(response, 404, 'There is nothing here');
      } else {
        next();
      }
      return;
    }
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      refuse(response, 405, 'The dashboard can only be read', { Allow: 'GET, HEAD' });
      return;
    }
    const isStream = new URLSearchParams(query).has('events');
    if (isStream && closed) {
      refuse(response, 503, 'The dashboard was closed');
      return;
    }
    response.writeHead(200, isStream ? STREAM_HEADERS : PAGE_HEADERS);
    if (method === 'HEAD') {
      response.end();
    } else if (isStream) {
      feed.add(response);
    } else {
      response.end(PAGE);
    }
  };
  return Object.assign(handle, {
    close() {
      closed = true;
      feed.close();
    },
  });
}

export function refuse(response: ServerResponse, status: number, why: string, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, {
    ...COMMON,
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
  });
  response.end(`${why}\n`);
}

function checkPath(path: unknown): void {
  if (typeof path !== 'string') {
    throw invalidType('options.path', 'of type string', path);
  }
  if (!path.startsWith('/')) {
    throw invalidValue('options.path', `a path begins with a slash. Received ${JSON.stringify(path)}`);
  }
}

function checkInterval(intervalMs: unknown): void {
  if (typeof intervalMs !== 'number') {
    throw invalidType('options.intervalMs', 'of type number', intervalMs);
  }
  if (!(intervalMs >= 100 && intervalMs <= MAX_DELAY)) {
    throw outOfRange('options.intervalMs', `>= 100 && <= ${MAX_DELAY}`, intervalMs);
  }
}
