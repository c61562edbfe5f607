import { attached, type Lifetime, type Owner } from '../memory/lifetime';
import type { Allocator } from './allocator';
import type { Range, Taken } from './checks';

/** A run of equal blocks from a source. */
export class Slab<Slot> {
  #block: Buffer | null;
  readonly #buffer: ArrayBufferLike;
  /** Whose memory it is in, where that is seen through several ArrayBuffers. */
  readonly owner: Owner | null;
  /** Where the first block starts, in the ArrayBuffer. */
  readonly start: number;
  /** Bytes. */
  readonly length: number;
  /** How many blocks it has. */
  readonly count: number;
  /** Ends with that of the source's block, or when it is given back. */
  readonly lifetime: Lifetime;
  /** Of the blocks that were ever handed out, from the first on. */
  readonly slots: Slot[] = [];

  constructor({ block, lifetime }: Taken, count: number) {
    this.#block = block;
    this.#buffer = block.buffer;
    this.owner = lifetime.owner.holds === undefined ? null : lifetime.owner;
    this.start = block.byteOffset;
    this.length = block.length;
    this.count = count;
    this.lifetime = lifetime.branch();
  }

  /** The source's block, as it is seen now; `null` where its memory is gone. */
  get current(): Buffer | null {
    return this.#block && attached(this.#block, this.start, this.length, this.lifetime);
  }

  /** What slabs have in common that are found together. */
  get key(): object {
    return this.owner ?? this.#buffer;
  }

  /** Gives it back to the source, unless that has taken it. */
  giveBack(source: Allocator): void {
    const { current } = this;
    if (current !== null) {
      source.free(current);
    }
    this.lifetime.signal = null; // that is nothing to be told
    this.lifetime.end();
    this.#block = null;
  }
}

/** Slabs, to be found by what lies in them. */
export class Slabs<Slot> {
  /** In the order of their offsets. */
  readonly #slabs = new Map<object, Slab<Slot>[]>();
  readonly #owners = new Set<Owner>();

  add(slab: Slab<Slot>): void {
    const slabs = this.#slabs.get(slab.key) ?? [];
    slabs.splice(lastAt(slabs, slab.start) + 1, 0, slab);
    this.#slabs.set(slab.key, slabs);
    if (slab.owner !== null) {
      this.#owners.add(slab.owner);
    }
  }

  /** The one that memory starts in, if one does. */
  find({ buffer, byteOffset }: Range): Slab<Slot> | undefined {
    let slabs = this.#slabs.get(buffer);
    for (const owner of slabs === undefined ? this.#owners : []) {
      if (owner.holds?.(buffer) === true) {
        slabs = this.#slabs.get(owner);
      }
    }
    return slabs?.[lastAt(slabs, byteOffset)];
  }

  /** Removes and answers those whose lifetime has ended. */
  removeEnded(): Slab<Slot>[] {
    const ended: Slab<Slot>[] = [];
    for (const [key, slabs] of this.#slabs) {
      const left = slabs.filter((slab) => !slab.lifetime.ended);
      if (left.length < slabs.length) {
        ended.push(...slabs.filter((slab) => slab.lifetime.ended));
        this.#slabs.set(key, left);
      }
      if (left.length === 0) {
        this.#slabs.delete(key);
        this.#owners.delete(key as Owner);
      }
    }
    return ended;
  }

  get isEmpty(): boolean {
    return this.#slabs.size === 0;
  }

  all(): Slab<Slot>[] {
    return [...this.#slabs.values()].flat();
  }
}

/** The index of the last slab that starts at `offset` or below. */
function lastAt(slabs: readonly { readonly start: number }[], offset: number): number {
  let from = 0;
  let to = slabs.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (slabs[middle]!.start <= offset) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from - 1;
}
