import { inspect, type InspectOptions } from 'node:util';

import { markAsUncloneable } from '../arguments';
import { invalidType } from '../errors';
import type { BlockLifetime } from '../memory/lifetime';
import type { Allocator, BlockOwner } from './allocator';
import { checkAllocator } from './checks';

/**
 * What a ProxyAllocator tells, and to whom. Every hook may be left out, and those that are there when the proxy is made are
 * called. Sizes and alignments are bytes, durations milliseconds; a duration is `undefined` unless the logger is `timed`.
 *
 * What a hook throws does not reach whoever allocates: it becomes a warning of the process, once for each proxy. A hook may
 * look at a block, and must neither free it nor allocate from the same allocator: whoever has asked has not got it yet.
 */
export interface AllocatorLogger {
  /** Whether the hooks want to know how long the call took. It costs a look at the clock before and after. Default: false. */
  readonly timed?: boolean;
  /** A block was allocated. */
  alloc?(block: Buffer, size: number, align: number | undefined, duration: number | undefined): void;
  /** `alloc` has answered `null`. */
  allocFailed?(size: number, align: number | undefined, duration: number | undefined): void;
  /** A block that had `oldSize` bytes was made `size` bytes long; `block` is what it is now, `old` must not be used any more. */
  realloc?(block: Buffer, old: Buffer, oldSize: number, size: number, duration: number | undefined): void;
  /** `realloc` has answered `null`, and the block is as it was. */
  reallocFailed?(block: Buffer, size: number, duration: number | undefined): void;
  /** A block of `size` bytes was given back; `block` must not be used any more. */
  free?(block: Buffer, size: number, duration: number | undefined): void;
}

/**
 * Hands everything on to another allocator, and tells a logger about it.
 *
 * @typeParam A The other allocator: where that knows its blocks, so does the proxy.
 */
export class ProxyAllocator<A extends Allocator = Allocator> implements Allocator {
  readonly #inner: A;
  readonly #logger: AllocatorLogger;
  readonly #timed: boolean;
  readonly #tellsAlloc: boolean;
  readonly #tellsFree: boolean;
  #warned = false;

  /** Whether memory lies in a live block. Absent where the other allocator cannot tell. */
  declare readonly owns: A extends BlockOwner ? BlockOwner['owns'] : undefined;

  constructor(inner: A, logger: AllocatorLogger) {
    checkAllocator('inner', inner);
    if (typeof (logger as unknown) !== 'object' || (logger as unknown) === null) {
      throw invalidType('logger', 'of type object', logger);
    }
    this.#inner = inner;
    this.#logger = logger;
    this.#timed = logger.timed === true;
    this.#tellsAlloc = logger.alloc !== undefined || logger.allocFailed !== undefined;
    this.#tellsFree = logger.free !== undefined;
    const owner = inner as Allocator as Partial<BlockOwner>;
    if (typeof owner.owns === 'function' && !('owns' in this)) {
      Object.defineProperty(this, 'owns', { value: (block: Buffer) => owner.owns!(block) });
    }
    markAsUncloneable?.(this);
  }

  /** As the other allocator does. */
  alloc(size: number, align?: number): Buffer | null {
    if (!this.#tellsAlloc) {
      return this.#inner.alloc(size, align);
    }
    const start = this.#timed ? performance.now() : undefined;
    const block = this.#inner.alloc(size, align);
    try {
      if (block !== null) {
        this.#logger.alloc?.(block, size, align, since(start));
      } else {
        this.#logger.allocFailed?.(size, align, since(start));
      }
    } catch (error) {
      this.#warn(error);
    }
    return block;
  }

  /** As the other allocator does. */
  realloc(block: Buffer, size: number, align?: number): Buffer | null {
    const oldSize = sizeOf(block);
    const start = this.#timed ? performance.now() : undefined;
    const answer = this.#inner.realloc(block, size, align);
    try {
      if (answer !== null) {
        this.#logger.realloc?.(answer, block, oldSize, size, since(start));
      } else {
        this.#logger.reallocFailed?.(block, size, since(start));
      }
    } catch (error) {
      this.#warn(error);
    }
    return answer;
  }

  /** As the other allocator does. */
  free(block: Buffer): void {
    if (!this.#tellsFree) {
      this.#inner.free(block);
      return;
    }
    const size = sizeOf(block);
    const start = this.#timed ? performance.now() : undefined;
    this.#inner.free(block);
    try {
      this.#logger.free?.(block, size, since(start));
    } catch (error) {
      this.#warn(error);
    }
  }

  /** As the other allocator says. */
  lifetimeOf(block: Buffer): BlockLifetime | undefined {
    return this.#inner.lifetimeOf?.(block);
  }

  /** As the other allocator says. */
  wasFreed(block: Buffer): boolean {
    return (this.#inner as Allocator as Partial<BlockOwner>).wasFreed?.(block) === true;
  }

  #warn(cause: unknown): void {
    if (!this.#warned) {
      this.#warned = true;
      process.emitWarning(`A logger of a ${this.constructor.name} has thrown: ${describe(cause)}`, 'OffheapWarning');
    }
  }

  [inspect.custom](_depth: number, options: InspectOptions, inspectValue: typeof inspect): string {
    return `${this.constructor.name} { inner: ${inspectValue(this.#inner, options)} }`;
  }
}

/** Whatever a logger throws, it can be shown. */
function describe(cause: unknown): string {
  try {
    return inspect(cause);
  } catch {
    return typeof cause;
  }
}

function since(start: number | undefined): number | undefined {
  return start === undefined ? undefined : performance.now() - start;
}

/** Bytes, where it is a block at all; the other allocator refuses it if not. */
function sizeOf(block: Buffer): number {
  return ArrayBuffer.isView(block) ? block.byteLength : 0;
}
