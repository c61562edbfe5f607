import { markAsUncloneable } from '../arguments';
import { invalidType } from '../errors';
import { type BlockLifetime, lifetimeOf } from '../memory/lifetime';
import type { Allocator, BlockOwner } from './allocator';
import { checkAllocator } from './checks';

/**
 * What a ProxyAllocator tells, and to whom. Every hook may be left out. Sizes and alignments are bytes, durations milliseconds;
 * a duration is `undefined` unless the logger is `timed`.
 *
 * What a hook throws does not reach whoever allocates: it becomes a warning of the process, once for each proxy.
 */
export interface AllocatorLogger {
  /** Whether the hooks want to know how long the call took. It costs a look at the clock before and after. Default: false. */
  readonly timed?: boolean;
  /** A block was allocated. */
  alloc?(block: Buffer, size: number, align: number | undefined, duration: number | undefined): void;
  /** `alloc` has answered `null`. */
  allocFailed?(size: number, align: number | undefined, duration: number | undefined): void;
  /** A block that had `oldSize` bytes was made `size` bytes long; `block` is what it is now. */
  realloc?(block: Buffer, oldSize: number, size: number, duration: number | undefined): void;
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
    if ('owns' in inner) {
      Object.defineProperty(this, 'owns', { value: (block: Buffer) => (inner as Allocator as BlockOwner).owns(block) });
    }
    markAsUncloneable?.(this);
  }

  /** As the other allocator does. */
  alloc(size: number, align?: number): Buffer | null {
    const start = this.#timed ? performance.now() : undefined;
    const block = this.#inner.alloc(size, align);
    const logger = this.#logger;
    try {
      if (block !== null) {
        logger.alloc?.(block, size, align, since(start));
      } else {
        logger.allocFailed?.(size, align, since(start));
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
    const logger = this.#logger;
    try {
      if (answer !== null) {
        logger.realloc?.(answer, oldSize, size, since(start));
      } else {
        logger.reallocFailed?.(block, size, since(start));
      }
    } catch (error) {
      this.#warn(error);
    }
    return answer;
  }

  /** As the other allocator does. */
  free(block: Buffer): void {
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
  lifetimeOf(block: Buffer): BlockLifetime {
    return lifetimeOf(this.#inner, block);
  }

  #warn(cause: unknown): void {
    if (!this.#warned) {
      this.#warned = true;
      const warning = new Error(`A logger of a ${this.constructor.name} has thrown: ${String(cause)}`, { cause });
      warning.name = 'OffheapWarning';
      process.emitWarning(warning);
    }
  }
}

function since(start: number | undefined): number | undefined {
  return start === undefined ? undefined : performance.now() - start;
}

/** Bytes, where it is a block at all; the other allocator refuses it if not. */
function sizeOf(block: Buffer): number {
  return ArrayBuffer.isView(block) ? block.byteLength : 0;
}
