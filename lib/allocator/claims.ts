import { OffheapError } from '../errors';
import type { Lifetime } from '../memory/lifetime';

/** A block whose lifetime somebody has asked for. */
interface Claim {
  readonly offset: number;
  end: number;
  readonly lifetime: Lifetime;
}

/**
 * The blocks of a bump allocator that something rests on: a Box, a Vec, or another allocator. Whoever gives up their memory
 * ends their lifetimes, and nobody gives up a part of one.
 */
export class Claims {
  /** By their offsets. They do not overlap, so that they are in the order of their ends as well. */
  readonly #claims: Claim[] = [];
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
    const i = this.#before(offset);
    const claim = this.#claims[i];
    if (claim !== undefined && end <= claim.end && offset < claim.end && !claim.lifetime.ended) {
      return claim.lifetime;
    }
    this.#checkApart(offset, end);
    const lifetime = make();
    const isOver = claim?.offset === offset; // it has ended
    if (!isOver && i === this.#claims.length - 1) {
      this.#claims.push({ offset, end, lifetime }); // as always, but for a block that was there before
    } else {
      this.#claims.splice(isOver ? i : i + 1, isOver ? 1 : 0, { offset, end, lifetime });
    }
    return lifetime;
  }

  /**
   * Says that the block from `offset` to `end` ends at `newEnd` from now on; equal to `offset` where it is given up.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` where it is only a part of one that something rests on.
   */
  move(offset: number, end: number, newEnd: number): void {
    const claim = this.#claims[this.#before(offset)];
    if (claim === undefined || claim.offset !== offset || claim.end !== end) {
      this.#checkApart(offset, end);
    } else if (newEnd > offset) {
      claim.end = newEnd;
    } else {
      claim.lifetime.end();
    }
  }

  /** Ends what is not below `offset` as a whole. */
  goBack(offset: number): void {
    const claims = this.#claims;
    while (claims.length > 0 && claims.at(-1)!.end > offset) {
      claims.pop()!.lifetime.end();
    }
  }

  /** Ends all. */
  clear(): void {
    this.goBack(0);
    this.#empty?.end();
    this.#empty = null;
  }

  /** The index of the last claim that starts at `offset` or below. */
  #before(offset: number): number {
    const claims = this.#claims;
    let from = 0;
    let to = claims.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (claims[middle]!.offset <= offset) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from - 1;
  }

  #checkApart(offset: number, end: number): void {
    for (let i = Math.max(this.#before(offset), 0); i < this.#claims.length; i++) {
      const claim = this.#claims[i]!;
      if (claim.offset >= end) {
        return;
      }
      if (claim.end > offset && !claim.lifetime.ended) {
        throw new OffheapError(
          'ERR_OFFHEAP_FOREIGN_BLOCK',
          'Expected a whole block. Received memory that is part of one, or has parts of several, on which a Box, a Vec or ' +
            'another allocator rests',
        );
      }
    }
  }
}
