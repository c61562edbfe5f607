import type { BlockLifetime } from '../memory/lifetime';

/**
 * What hands out blocks. Every untyped arena and every allocator of the package is one; an object of yours that has these
 * methods fits wherever one is asked for.
 *
 * Running out of room is answered with `null` and changes nothing. Misuse throws. An ability that an allocator lacks is a
 * method that it lacks.
 */
export interface Allocator {
  /**
   * Allocates a block, or answers `null`. What it shows is up to the allocator; most show whatever was there.
   *
   * @param size Bytes, from 0. The block has at least as many: arenas give exactly `size`, a FreeList its whole block.
   * @param align Bytes, a power of two, by which the block's `byteOffset` can be divided. Default: up to the allocator, and
   * enough for every scalar where there is room for one.
   */
  alloc(size: number, align?: number): Buffer | null;

  /**
   * Makes a block `size` bytes long, or longer: in place where that is possible, else by moving its contents to another
   * one. Where it answers a Buffer, the old one must not be used any more. Where it answers `null`, the block is as it was.
   *
   * @param align For the case that it moves.
   * @throws For what is known not to be a live block of this allocator.
   */
  realloc(block: Buffer, size: number, align?: number): Buffer | null;

  /**
   * Gives a block back. An arena, which makes room only of its last block, may take an earlier one back twice.
   *
   * @throws For what is known not to be a live block of this allocator.
   */
  free(block: Buffer): void;

  /**
   * How long the memory of a live block lasts, so that a Box or a Vec in it knows when it is stale. An allocator that hands
   * on the blocks of another one hands this on, too: `return this.inner.lifetimeOf?.(block)`. Where it is absent or answers
   * `undefined`, a block is taken to last until it is freed.
   */
  lifetimeOf?(block: Buffer): BlockLifetime | undefined;
}

/** An allocator that knows its own blocks. */
export interface BlockOwner extends Allocator {
  /**
   * Whether memory lies in a live block of this allocator. It is the range that counts, not the object: a Buffer on part of
   * a block is answered with `true`, one on a block that was freed with `false`.
   *
   * @throws Only a TypeError, for what is no view on an ArrayBuffer, and what the allocator throws once it has been disposed
   * of.
   */
  owns(block: Buffer): boolean;

  /**
   * Whether memory lies in a block of its own that was given back, so that who asks several allocators can tell a block that
   * comes back twice from the block of another. Absent where it keeps no account of that.
   */
  wasFreed?(block: Buffer): boolean;
}
