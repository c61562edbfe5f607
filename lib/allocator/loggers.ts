import { type Channel, channel } from 'node:diagnostics_channel';
import type { Writable } from 'node:stream';

import { invalidType } from '../errors';
import { formatBytes } from '../sizes';
import type { AllocatorLogger } from './proxy';

/**
 * A logger that writes a line for each call to a stream: `alloc 1.5 KiB at 64, 0.4 µs`. What comes while the stream is ended
 * or destroyed is dropped; a stream that is slower than the allocator keeps its lines in memory, as every stream does.
 *
 * @param stream Such as `process.stderr`, or a file.
 * @param name Comes first in every line. Default: none.
 */
export function streamLogger(stream: Writable, name = ''): AllocatorLogger {
  const write: unknown = (stream as Partial<Writable> | null | undefined)?.write;
  if (typeof write !== 'function') {
    throw invalidType('stream', 'a writable stream', stream);
  }
  const line = (text: string, duration: number | undefined): void => {
    if (stream.writable) {
      stream.write(`${name === '' ? '' : `${name}: `}${text}, ${((duration ?? 0) * 1000).toFixed(1)} µs\n`);
    }
  };
  const sizes = (size: number, align: number | undefined): string =>
    align === undefined ? formatBytes(size) : `${formatBytes(size)} aligned to ${formatBytes(align)}`;
  return {
    timed: true,
    alloc: (block, size, align, duration) => {
      line(`alloc ${sizes(size, align)} at ${block.byteOffset}`, duration);
    },
    allocFailed: (size, align, duration) => {
      line(`alloc ${sizes(size, align)} failed`, duration);
    },
    realloc: (block, _old, oldSize, size, duration) => {
      line(`realloc ${formatBytes(oldSize)} to ${formatBytes(size)} at ${block.byteOffset}`, duration);
    },
    reallocFailed: (block, size, duration) => {
      line(`realloc ${formatBytes(block.length)} to ${formatBytes(size)} failed`, duration);
    },
    free: (block, size, duration) => {
      line(`free ${formatBytes(size)} at ${block.byteOffset}`, duration);
    },
  };
}

/** What a {@link channelLogger} publishes. Sizes are bytes. */
export interface AllocatorMessage {
  /** As given to `channelLogger`. */
  readonly name: string;
  /** As asked for. */
  readonly size: number;
  /** What a block had before: of `realloc` and a failed one. */
  readonly oldSize?: number;
  /** Bytes, a power of two; absent where the caller did not say. */
  readonly align?: number | undefined;
  /** Absent where none was allocated. One that was freed must not be used. */
  readonly block?: Buffer;
}

/**
 * A logger that publishes on `node:diagnostics_channel`: an {@link AllocatorMessage} on `offheap:alloc`, `offheap:allocFailed`,
 * `offheap:realloc`, `offheap:reallocFailed` and `offheap:free`. A channel that nobody has subscribed to costs nanoseconds.
 *
 * @param name Tells the messages of one allocator from those of another.
 */
export function channelLogger(name = 'allocator'): AllocatorLogger {
  const to = (hook: keyof AllocatorLogger): Channel => channel(`offheap:${hook}`);
  const [alloc, allocFailed, realloc, reallocFailed, free] = [
    to('alloc'),
    to('allocFailed'),
    to('realloc'),
    to('reallocFailed'),
    to('free'),
  ];
  const publish = (target: Channel, message: Omit<AllocatorMessage, 'name'>): void => {
    target.publish({ name, ...message });
  };
  return {
    alloc: (block, size, align) => {
      if (alloc.hasSubscribers) {
        publish(alloc, { size, align, block });
      }
    },
    allocFailed: (size, align) => {
      if (allocFailed.hasSubscribers) {
        publish(allocFailed, { size, align });
      }
    },
    realloc: (block, _old, oldSize, size) => {
      if (realloc.hasSubscribers) {
        publish(realloc, { size, oldSize, block });
      }
    },
    reallocFailed: (block, size) => {
      if (reallocFailed.hasSubscribers) {
        publish(reallocFailed, { size, oldSize: block.length, block });
      }
    },
    free: (block, size) => {
      if (free.hasSubscribers) {
        publish(free, { size, block });
      }
    },
  };
}
