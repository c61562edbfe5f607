import type { EventEmitter } from 'node:events';

interface SocketLike {
  readonly destroyed?: boolean;
  readonly errored?: Error | null;
  once(event: 'close', listener: () => void): unknown;
}

/** What is needed of a request: of `http`, or of the compatibility layer of `http2`. */
export interface RequestLike {
  readonly socket: SocketLike;
  emit: EventEmitter['emit'];
}

/** What is needed of a response: of `http`, or of the compatibility layer of `http2`. */
export interface ResponseLike {
  readonly statusCode: number;
  readonly destroyed?: boolean;
  readonly writableEnded: boolean;
  /** Of HTTP/2. */
  readonly stream?: { readonly rstCode: number };
  end(...args: never[]): unknown;
  once(event: 'close', listener: () => void): unknown;
  prependOnceListener(event: 'finish', listener: () => void): unknown;
}

type Done = (aborted: boolean) => void;

/** By socket, what waits for its end: one listener serves all requests of a connection, pipelined ones, too. */
const waiting = new WeakMap<object, Set<() => void>>();

function whenClosed(socket: SocketLike, fn: () => void): () => void {
  let all = waiting.get(socket);
  if (all === undefined) {
    const listeners = (all = new Set());
    waiting.set(socket, listeners);
    socket.once('close', () => {
      for (const each of listeners) {
        each();
      }
    });
  }
  const listeners = all.add(fn);
  return () => listeners.delete(fn);
}

/** Handlers that were aborted and have dropped their response without ending it. */
const dropped = new FinalizationRegistry<() => void>((end) => {
  end();
});

/**
 * Calls `done` once when a response has ended and its handler has, too: when it was sent; or when the connection has ended before
 * and the handler has called `end()` all the same, or has dropped the response. A handler of which the client
 * has taken leave goes on, and must not find its arena gone.
 *
 * `aborted` says that jobs may still be running: the response was not sent, or says 5xx, since where something has gone wrong,
 * something else that was under way may have been left to itself.
 */
export function whenEnded(request: RequestLike, response: ResponseLike, done: Done): void {
  const { socket } = request;
  let closed = false;
  let sent = false;
  const onClose = (): void => {
    if (closed) {
      return;
    }
    closed = true;
    forget();
    if (response.writableEnded) {
      done(!sent || response.statusCode >= 500);
    } else {
      waitForHandler(response, done);
    }
  };
  // Before Node's own listener, which may end the connection. The event comes, too, when writing has failed, and
  // `writableFinished` is true, too, when the connection is lost.
  response.prependOnceListener('finish', () => {
    const { stream } = response;
    sent = stream === undefined ? !socket.destroyed && !socket.errored : stream.rstCode === 0;
  });
  // A response that has to wait for another one on its connection is not told when that is closed.
  const forget = whenClosed(socket, onClose);
  response.once('close', onClose);
  if (response.destroyed === true || socket.destroyed === true) {
    onClose();
  }
}

function waitForHandler(response: ResponseLike, done: Done): void {
  const finish = once(done);
  const end = response.end.bind(response);
  // There is no event for it: a response that is destroyed says nothing any more.
  response.end = (...args: never[]): unknown => {
    dropped.unregister(finish);
    try {
      return end(...args);
    } finally {
      finish();
    }
  };
  dropped.register(response, finish, finish);
}

/** Apart from the rest, since what it returns must not keep the response alive. */
function once(done: Done): () => void {
  let called = false;
  return () => {
    if (!called) {
      called = true;
      done(true);
    }
  };
}
