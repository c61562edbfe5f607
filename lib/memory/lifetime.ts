import { invalidReturn, OffheapError } from '../errors';
import { BlockBuffer } from './buffer-view';
import { isDetached } from './detach';
import type { TextSpace } from './text-space';
import { Views } from './views';

/** Whose memory a lifetime is over. */
export interface Owner {
  /** How many bytes lie between one record and the next, or 1 where records are of many kinds. */
  readonly stride: number;
  /** The definition of all records, where they are of one kind. */
  readonly definition: object | null;
  /**
   * Views on the memory as it is now, after bringing back what was taken away; `null` when that has taken the contents.
   *
   * @param seen What the memory was seen through until now.
   */
  currentViews(seen: ArrayBuffer): Views | null;
  /** Whether an ArrayBuffer is over this memory; absent where there is only one that is. */
  holds?(buffer: ArrayBufferLike): boolean;
}

let lifetimeBehind: (token: BlockLifetime) => Lifetime;

/** How long the memory of a block lasts: what `lifetimeOf` of an allocator answers. */
export class BlockLifetime {
  readonly #lifetime: Lifetime;

  static {
    lifetimeBehind = (token) => token.#lifetime;
  }

  /** @internal */
  constructor(lifetime: Lifetime) {
    this.#lifetime = lifetime;
  }

  /** Whether the memory has been given up: the block may alias another one. */
  get ended(): boolean {
    const lifetime = this.#lifetime;
    if (!lifetime.ended && isDetached(lifetime.buffer)) {
      lifetime.refresh(0); // finds out whether the contents are gone with it
    }
    return lifetime.ended;
  }
}

/** What there is to see when there is nothing to see. Never given away. */
export const NOTHING = new Views(new ArrayBuffer(0));

/** The owner of what nobody has memory for. */
export const NOBODY: Owner = { stride: 1, definition: null, currentViews: () => null };

/**
 * What all references to the same stretch of an owner's time hold in common: the views through which they see its
 * memory, for as long as they may.
 *
 * The end of a lifetime takes its views away. So the one comparison that every access needs anyhow, index against
 * length, also finds references that are stale and memory that was taken away, and leads to `recover`.
 */
export class Lifetime {
  buffer!: ArrayBuffer;
  bytes!: Buffer;
  i8!: Int8Array;
  u8!: Uint8Array;
  i16!: Int16Array;
  u16!: Uint16Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  f32!: Float32Array;
  f64!: Float64Array;
  i64!: BigInt64Array;
  u64!: BigUint64Array;

  /** How many records of a typed arena there are. Here, since whoever adds or reads one needs the views as well. */
  length = 0;
  /** Whether somebody was given a Buffer or a typed array on this memory, which outlives the lifetime. */
  exposed = false;
  /** Where the texts of the records are. */
  readonly text: TextSpace | null;
  owner: Owner;
  /** Of two lifetimes of one owner, the deeper one ends first. */
  readonly depth: number;
  /** Who wants to know how many of several lifetimes have ended, without being kept alive by them. */
  signal: { ended: number } | null = null;
  #ended = false;
  /** What ends when this does. */
  #branches: Set<Lifetime> | null = null;
  #trunk: Lifetime | null = null;
  #token: BlockLifetime | null = null;

  constructor(owner: Owner, views: Views | Lifetime | null, options: { depth?: number; text?: TextSpace | null } = {}) {
    this.owner = owner;
    this.depth = options.depth ?? 0;
    this.text = options.text ?? null;
    this.see(views ?? NOTHING);
  }

  /**
   * A lifetime over the same memory that ends with this one, or before it.
   *
   * @param owner Whose records may link to those of the branch, where depths allow it.
   * @param depth Infinite where nobody can tell when it ends, so that nothing outside of it may link to what is in it.
   */
  branch(owner: Owner = this.owner, depth = Infinity): Lifetime {
    const branch = new Lifetime(owner, this, { depth });
    if (this.#ended) {
      branch.end();
    } else {
      branch.#trunk = this;
      this.#branches ??= new Set();
      this.#branches.add(branch);
    }
    return branch;
  }

  /** Looks through other views on the same memory from now on. */
  see(views: Views | Lifetime): void {
    const { buffer } = views;
    this.buffer = buffer;
    this.bytes = views instanceof Lifetime ? views.bytes : new BlockBuffer(buffer, 0, buffer.byteLength);
    this.i8 = views.i8;
    this.u8 = views.u8;
    this.i16 = views.i16;
    this.u16 = views.u16;
    this.i32 = views.i32;
    this.u32 = views.u32;
    this.f32 = views.f32;
    this.f64 = views.f64;
    this.i64 = views.i64;
    this.u64 = views.u64;
  }

  /** Makes every reference stale. */
  end(): void {
    if (this.#trunk !== null) {
      this.#trunk.#branches?.delete(this);
    }
    if (this.#branches === null) {
      this.#endAlone();
      return;
    }
    // Branches may be nested as deep as one likes, so they are not ended by recursion.
    const ending: Lifetime[] = [this];
    for (let next = ending.pop(); next !== undefined; next = ending.pop()) {
      next.#branches?.forEach((branch) => ending.push(branch));
      next.#branches = null;
      next.#endAlone();
    }
  }

  #endAlone(): void {
    if (this.signal !== null && !this.#ended) {
      this.signal.ended++;
    }
    this.#ended = true;
    this.#trunk = null;
    this.owner = NOBODY; // a stale reference keeps no arena alive
    this.see(nowhere);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What others get to see of it. */
  get token(): BlockLifetime {
    return (this.#token ??= new BlockLifetime(this));
  }

  /** Whether an ArrayBuffer is over the same memory. */
  holds(buffer: ArrayBufferLike): boolean {
    return !this.#ended && (buffer === this.buffer || this.owner.holds?.(buffer) === true);
  }

  /** Makes the views long enough for what ends at `end`; false where that cannot be. */
  refresh(end: number): boolean {
    if (this.#ended) {
      return false;
    }
    const views = this.owner.currentViews(this.buffer);
    if (views === null) {
      this.end();
      return false;
    }
    this.see(views);
    return end <= this.bytes.length;
  }

  /**
   * For whoever has found the views too short for what ends at `end`: makes them long enough.
   *
   * @throws OffheapError `ERR_OFFHEAP_STALE` where that cannot be.
   */
  recover(end: number): void {
    if (!this.refresh(end)) {
      throw new OffheapError(
        'ERR_OFFHEAP_STALE',
        'The reference is stale: since it was made, its memory has been freed, its arena has started over, gone back or ' +
          'been disposed of, or somebody has taken the memory away',
      );
    }
  }
}

/** What a lifetime sees that has ended. */
const nowhere = new Lifetime(NOBODY, NOTHING);

/** For those who need one that has ended. */
export const ENDED = new Lifetime(NOBODY, NOTHING);
ENDED.end();

/** A lifetime over an ArrayBuffer that ends when somebody takes that away, if nobody ends it before. */
export function lifetimeOfBuffer(buffer: ArrayBuffer): Lifetime {
  const currentViews = (seen: ArrayBuffer): Views | null => (isDetached(seen) ? null : new Views(seen));
  return new Lifetime({ stride: 1, definition: null, currentViews }, new Views(buffer));
}

/** Of ArrayBuffers of which nothing is known but that they are there. */
const unknown = new WeakMap<ArrayBufferLike, Lifetime>();

/** The lifetime of a block that an allocator has handed out, as far as the allocator can tell. */
export function lifetimeOf(
  allocator: { lifetimeOf?(block: Buffer): BlockLifetime | undefined },
  block: Buffer,
): Lifetime {
  const token: unknown = allocator.lifetimeOf?.(block);
  if (token !== undefined) {
    if (!(token instanceof BlockLifetime)) {
      throw invalidReturn('lifetimeOf()', 'what lifetimeOf() of another allocator has answered, or undefined', token);
    }
    return lifetimeBehind(token);
  }
  let lifetime = unknown.get(block.buffer);
  if (lifetime === undefined) {
    lifetime = lifetimeOfBuffer(block.buffer as ArrayBuffer);
    unknown.set(block.buffer, lifetime);
  }
  return lifetime;
}

/**
 * A block on the ArrayBuffer that its memory is seen through now, where somebody has taken the one away that it was on; `null`
 * where the memory is gone.
 *
 * @param offset Where it lay.
 * @param length How long it was.
 */
export function attached(block: Buffer, offset: number, length: number, lifetime: Lifetime): Buffer | null {
  if (lifetime.ended) {
    return null;
  }
  if (block.byteLength === length) {
    return block;
  }
  return lifetime.refresh(offset + length) ? new BlockBuffer(lifetime.buffer, offset, length) : null;
}
