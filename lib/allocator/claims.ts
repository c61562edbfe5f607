import { OffheapError } from '../errors';
import { ENDED, type Lifetime } from '../memory/lifetime';

/** A block whose lifetime somebody has asked for. */
interface Claim {
  readonly offset: number;
  end: number;
  /** `ENDED` in the place of one that has, so that that can be forgotten. */
  lifetime: Lifetime;
}

/** How many ended claims are worth to be swept out. */
const MANY = 32;

/**
 * The blocks of a bump allocator that something rests on: a Box, a Vec, or another allocator. Whoever gives up their memory
 * ends their lifetimes, and nobody gives up a part of one.
 */
export class Claims {
  /** By their offsets. They do not overlap, so that they are in the order of their ends as well. */
  #claims: Claim[] = [];
  /** How many of them have ended in the midst of others. */
  #ended = 0;
  /** Of all empty blocks: they have no memory to be given up before all of it is. */
  #empty: Lifetime | null = null;

  /**
   * The lifetime of the block from `offset` to `end`; of the block that it is part of, where it is part of one.
   *
   * @param make Makes a lifetime over the allocator's memory.
   */
  lifetimeOf(offset: number, end: number, make: () => Lifetime): Lifetime {
    if (offset === end) {
      return this.#empty?.ended === false ? this.#empty : (this.#empty = make());
    }
    const claims = this.#claims;
    const from = this.#firstAfter(offset);
    const claim = claims[from];
    if (claim !== undefined && claim.offset <= offset && end <= claim.end && !claim.lifetime.ended) {
      return claim.lifetime;
    }
    const to = this.#checkApart(from, end);
    const lifetime = make();
    if (from === claims.length) {
      claims.push({ offset, end, lifetime }); // as always, but for a block that was there before
    } else {
      claims.splice(from, to - from, { offset, end, lifetime }); // in the place of ended ones
    }
    return lifetime;
  }

  /**
   * Says that the block from `offset` to `end` ends at `newEnd` from now on. What loses memory has ended: all of it where that
   * is `offset`.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` where it is only a part of one that something rests on.
   */
  move(offset: number, end: number, newEnd: number): void {
    const from = this.#firstAfter(offset);
    const claim = this.#claims[from];
    if (claim?.offset !== offset || claim.end !== end) {
      this.#checkApart(from, end);
    } else if (newEnd >= end) {
      claim.end = newEnd;
    } else if (claim.lifetime !== ENDED) {
      claim.lifetime.end();
      claim.lifetime = ENDED;
      this.#ended++;
      this.#sweep();
    }
  }

  /** Forgets those that have ended, where they are the most. */
  #sweep(): void {
    if (this.#ended > MANY && this.#ended > this.#claims.length / 2) {
      this.#claims = this.#claims.filter(({ lifetime }) => lifetime !== ENDED);
      this.#ended = 0;
    }
  }

  /** Ends what is not below `offset` as a whole. */
  goBack(offset: number): void {
    const claims = this.#claims;
    for (let last = claims.at(-1); last !== undefined && last.end > offset; last = claims.at(-1)) {
      last.lifetime.end();
      this.#ended -= last.lifetime === ENDED ? 1 : 0;
      claims.pop();
    }
  }

  /** Ends all. */
  clear(): void {
    this.goBack(0);
    this.#empty?.end();
    this.#empty = null;
  }

  /** The index of the first claim that ends behind `offset`. */
  #firstAfter(offset: number): number {
    const claims = this.#claims;
    let from = 0;
    let to = claims.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (claims[middle]!.end > offset) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return from;
  }

  /** The index of the first claim from `from` on that starts at `end` or behind. Those before it have ended. */
  #checkApart(from: number, end: number): number {
    let i = from;
    for (let claim = this.#claims[i]; claim !== undefined && claim.offset < end; claim = this.#claims[++i]) {
      if (!claim.lifetime.ended) {
        throw new OffheapError(
          'ERR_OFFHEAP_FOREIGN_BLOCK',
          'Expected a whole block. Received memory that is part of one, or has parts of several, on which a Box, a Vec or ' +
            'another allocator rests',
        );
      }
    }
    return i;
  }
}
