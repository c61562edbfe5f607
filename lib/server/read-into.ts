import { channel } from 'node:diagnostics_channel';
import { finished, type Readable } from 'node:stream';

import { BumpArena } from '../arena/bump-arena';
import { checkOptions } from '../arguments';
import { invalidType } from '../errors';
import { checkSize, formatBytes, MiB } from '../sizes';
import { BodyBlock } from './body-block';
import { BodyError } from './body-error';
import { currentArena } from './context';

/** A stream, such as a request of `http`; of its headers, only these are looked at. */
export type BodySource = Readable & {
  /** In lower case. */
  readonly headers?: NodeJS.Dict<string | string[]>;
};

/** A response that `readInto` can answer by itself. */
export interface AnswerableResponse {
  /** Whether it is too late to answer. */
  readonly headersSent: boolean;
  /** Of HTTP/2. */
  readonly stream?: unknown;
  /** As that of `http.ServerResponse`. */
  statusCode: number;
  /** As that of `http.ServerResponse`. */
  setHeader(name: string, value: string): unknown;
  /** As that of `http.ServerResponse`. */
  end(): unknown;
}

/** Where a body goes, and how long it may be. */
export interface ReadIntoOptions {
  /** Where the bytes go. Default: `currentArena()`. */
  arena?: BumpArena;
  /** The most bytes that are taken. Default: 1 MiB. */
  limit?: number;
}

/** The same, and who gets the answer where the body cannot be had. */
export interface AnsweringReadIntoOptions extends ReadIntoOptions {
  /** Answers the client where the body cannot be had, with the error's status and without a body. */
  response: AnswerableResponse;
}

/** What is published on the channel `offheap:tooLarge` when a body was refused. */
export interface TooLargeMessage {
  /** The stream, which is the request where it is one's body. */
  source: Readable;
  /** Bytes that it was allowed to have. */
  limit: number;
  /** Bytes by its Content-Length; without, those that had come. */
  size: number;
}

const tooLargeChannel = channel('offheap:tooLarge');

/**
 * Reads a request's body, or any other stream, to its end, into a block of an arena. With a Content-Length it is one block of
 * that length from the start; otherwise it grows with what comes, in place unless something else is allocated meanwhile. The
 * arena is pinned while it reads.
 *
 * A body that is too large is refused as soon as that is known, and not read on; by its Content-Length before any of it was
 * read. Compressed bodies are counted and stored as they come.
 *
 * @returns A block of exactly the bytes. With the option `response`, `null` where the body could not be had and the client
 * has been answered, or is gone.
 * @throws BodyError `ERR_OFFHEAP_TOO_LARGE` (413) beyond the limit; `ERR_OFFHEAP_FULL` (503) where the arena has no room;
 * `ERR_OFFHEAP_BODY` (400) where the stream ends too early, or is not as long as its Content-Length. With `response`,
 * none of these. TypeError `ERR_INVALID_ARG_TYPE` without an arena, and for a stream of strings or objects. What the stream itself
 * fails with.
 */
export function readInto(source: BodySource, options: AnsweringReadIntoOptions): Promise<Buffer | null>;
export function readInto(source: BodySource, options?: ReadIntoOptions): Promise<Buffer>;
export async function readInto(
  source: BodySource,
  options: ReadIntoOptions & Partial<AnsweringReadIntoOptions> = {},
): Promise<Buffer | null> {
  const { arena = currentArena(), limit = MiB, response } = checkOptions(options);
  checkSource(source);
  if (!(arena instanceof BumpArena)) {
    throw invalidType('options.arena', 'an arena, or be left out where there is a current one', arena);
  }
  checkSize('options.limit', limit);
  const pin = arena.pin();
  try {
    return await read(source, arena, limit);
  } catch (error) {
    if (response === undefined || !(error instanceof BodyError)) {
      throw error;
    }
    answer(response, error);
    return null;
  } finally {
    pin.release();
  }
}

function checkSource(source: unknown): void {
  const { on, pause } = (source ?? {}) as Partial<Readable>;
  if (typeof on !== 'function' || typeof pause !== 'function') {
    throw invalidType('source', 'a readable stream', source);
  }
}

function answer(response: AnswerableResponse, { headers, statusCode }: BodyError): void {
  if (!response.headersSent) {
    response.statusCode = statusCode;
    if (response.stream === undefined) {
      response.setHeader('Connection', headers.connection);
    }
  }
  response.end();
}

function read(source: BodySource, arena: BumpArena, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const expected = contentLength(source);
    if (expected !== undefined && expected > limit) {
      reject(tooLarge(source, limit, expected));
      return;
    }
    const block = new BodyBlock(arena, expected, limit);
    let failed = false;
    const fail = (reason: Error): void => {
      failed = true;
      source.off('data', onData);
      block.discard();
      reject(reason);
    };
    const onData = (chunk: unknown): void => {
      try {
        const bytes = checkChunk(chunk);
        const size = block.filled + bytes.length;
        if (size > limit) {
          throw tooLarge(source, limit, size);
        }
        if (expected !== undefined && size > expected) {
          throw wrongLength(expected, `${size} or more`);
        }
        block.add(bytes);
      } catch (error) {
        source.pause(); // what has not come yet stays where it is
        fail(error as Error);
      }
    };
    const stop = finished(source, { writable: false }, (error) => {
      if (failed) {
        return; // still listening, so that an error of the stream that comes later has somebody to hear it
      }
      if (error) {
        fail(source.headers === undefined ? error : aborted(error));
      } else if (expected !== undefined && block.filled < expected) {
        fail(wrongLength(expected, block.filled));
      } else {
        stop();
        source.off('data', onData);
        try {
          resolve(block.take());
        } catch (stolen) {
          fail(stolen as Error);
        }
      }
    });
    source.on('data', onData);
    source.resume(); // it may have been paused until somebody reads it
  });
}

function checkChunk(chunk: unknown): Uint8Array {
  if (!(chunk instanceof Uint8Array)) {
    throw invalidType('chunk', 'an instance of Uint8Array: the stream must have no encoding and no objects', chunk);
  }
  return chunk;
}

/** Undefined where it is not known: where there is none, or where it is not what counts. */
function contentLength({ headers }: BodySource): number | undefined {
  const value = headers?.['content-length'];
  const isNumber = typeof value === 'string' && /^\d+$/.test(value) && headers?.['transfer-encoding'] === undefined;
  return isNumber ? Number(value) : undefined;
}

function tooLarge(source: Readable, limit: number, size: number): BodyError {
  if (tooLargeChannel.hasSubscribers) {
    const message: TooLargeMessage = { source, limit, size };
    tooLargeChannel.publish(message);
  }
  return new BodyError('ERR_OFFHEAP_TOO_LARGE', 413, `The body is larger than ${limit} bytes (${formatBytes(limit)})`);
}

function wrongLength(expected: number, received: number | string): BodyError {
  const message = `Expected a body of ${expected} bytes, as its Content-Length says. Received ${received}`;
  return new BodyError('ERR_OFFHEAP_BODY', 400, message);
}

function aborted(cause: Error): BodyError {
  return new BodyError('ERR_OFFHEAP_BODY', 400, 'The request was aborted before all of its body had come', { cause });
}
