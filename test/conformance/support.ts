import { type Allocator, type BlockOwner } from '../../lib';
import { codeOf } from '../arena/support';

/** Calls `use` with an allocator, and gives its memory up afterwards. */
export type Factory = (use: (allocator: Allocator) => void) => void;

export interface Traits {
  /** Bytes of the largest block; `Infinity` where the system is the limit, 0 where the allocator is always full. */
  readonly largest: number;
  /** How many blocks of that size there is room for. Default: 1. */
  readonly count?: number;
  /** Whether blocks are exactly as long as asked for. Default: false. */
  readonly exact?: boolean;
  /** The largest alignment that is to be had for small blocks. Default: 256. */
  readonly maxAlign?: number;
  /** Which blocks it takes back: their memory is handed out again, and is not owned meanwhile. */
  readonly takesBack: 'every' | 'last' | 'none';
  /** Whether it has `owns`. Default: true. */
  readonly owns?: boolean;
  /**
   * What ends the lifetime of a block, as far as `lifetimeOf` tells: `free` and moving, as well as the end of the memory after
   * the factory's `use`; only that, for `memory`; what is `unknown`. Left out: there is no `lifetimeOf`, or it cannot tell.
   */
  readonly lifetime?: 'free' | 'memory' | 'unknown';
  /** Whether one of its parts has its memory from another one, which owns more of that than is handed out. Default: false. */
  readonly layered?: boolean;
  /** Whether memory is given up at the end of the factory. Default: true. */
  readonly givesUp?: boolean;
  /** Whether it throws errors of its own, so that their codes are not looked at. Default: false. */
  readonly ownErrors?: boolean;
}

export const HUGE = Number.MAX_SAFE_INTEGER;

/**
 * More than there can be. Only one such size where memory is the system's, and is not given up: V8 looks for garbage before it
 * refuses one, which takes as long as all other tests.
 */
export function tooMuch({ givesUp, largest }: Traits): number[] {
  return givesUp === false ? [HUGE] : [HUGE, HUGE - 7, 2 ** 52, ...(largest === Infinity ? [] : [largest + 1])];
}

interface Sentences {
  (sentence: string, body: (allocator: Allocator) => void): void;
  each(values: readonly number[]): (sentence: string, body: (value: number, allocator: Allocator) => void) => void;
}

/** `it` for tests of an allocator that is made for each of them. */
export function sentences(factory: Factory): Sentences {
  const run = (body: (allocator: Allocator) => void): void => {
    let calls = 0;
    factory((allocator) => {
      calls++;
      body(allocator);
    });
    expect(calls).toBe(1);
  };
  const one = (sentence: string, body: (allocator: Allocator) => void): void => {
    it(sentence, () => {
      run(body);
    });
  };
  return Object.assign(one, {
    each:
      (values: readonly number[]) =>
      (sentence: string, body: (value: number, allocator: Allocator) => void): void => {
        it.each(values)(sentence, (value) => {
          run((allocator) => {
            body(value, allocator);
          });
        });
      },
  });
}

/** Blocks of these sizes, each filled with a byte of its own, as far as there is room. */
export function fill(allocator: Allocator, sizes: readonly number[]): Buffer[] {
  const blocks: Buffer[] = [];
  for (const size of sizes) {
    const block = allocator.alloc(size);
    if (block !== null) {
      blocks.push(block.fill(blocks.length + size));
    }
  }
  return blocks;
}

/** Whether every block is still filled with one byte. */
export function intact(blocks: readonly Buffer[]): boolean {
  return blocks.every((block) => block.every((byte) => byte === block[0]));
}

/** The blocks that lie in the same memory as the one before them. */
export function overlaps(blocks: readonly Buffer[]): string[] {
  const found: string[] = [];
  for (const buffer of new Set(blocks.map((block) => block.buffer))) {
    const here = blocks.filter((block) => block.buffer === buffer && block.length > 0);
    here.sort((a, b) => a.byteOffset - b.byteOffset);
    for (const [i, { byteOffset, length }] of here.slice(0, -1).entries()) {
      if (byteOffset + length > here[i + 1]!.byteOffset) {
        found.push(`${length} bytes at ${byteOffset}, and a block at ${here[i + 1]!.byteOffset}`);
      }
    }
  }
  return found;
}

/** Whether two Buffers are on the same memory. */
export function sameRange(a: Buffer, b: Buffer): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}

/** What the allocator says, where it knows; what is true otherwise. */
export function owns(allocator: Allocator, block: NodeJS.ArrayBufferView, otherwise = true): boolean {
  return isOwner(allocator) ? allocator.owns(block as Buffer) : otherwise;
}

export function isOwner(allocator: Allocator): allocator is BlockOwner {
  return 'owns' in allocator;
}

/** Of errors with the codes that are given; where an allocator has errors of its own, any will do. */
export function isRefused(fn: () => unknown, { ownErrors = false }: Traits, ...codes: string[]): boolean {
  if (!ownErrors) {
    return codes.includes(codeOf(fn) ?? 'none');
  }
  try {
    fn();
  } catch {
    return true;
  }
  return false;
}
