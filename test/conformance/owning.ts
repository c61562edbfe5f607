import { type Allocator, type BlockLifetime, BumpArena, FreeList, ScopedAllocator } from '../../lib';
import {
  type Factory,
  fill,
  intact,
  isOwner,
  isRefused,
  overlaps,
  owns,
  sameRange,
  sentences,
  type Traits,
} from './support';

const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';
const DOUBLE_FREE = 'ERR_OFFHEAP_DOUBLE_FREE';

/** What an allocator knows of its own blocks, and of those of others. */
export function describeOwning(factory: Factory, traits: Traits): void {
  const it = sentences(factory);

  it(`has ${traits.owns === false ? 'no ' : ''}owns`, (allocator) => {
    expect('owns' in allocator).toBe(traits.owns !== false);
    expect(typeof (allocator as { owns?: unknown }).owns).toBe(traits.owns === false ? 'undefined' : 'function');
  });

  it('refuses blocks of others, and changes nothing', (allocator) => {
    using arena = new BumpArena(64);
    const [block] = fill(allocator, [16]);
    for (const foreign of [Buffer.alloc(16), Buffer.from('pooled'), arena.alloc(16)!, new Uint8Array(8)] as Buffer[]) {
      const before = Buffer.from(foreign);
      expect(owns(allocator, foreign, false)).toBe(false);
      expect(isRefused(() => allocator.realloc(foreign, 8), traits, FOREIGN)).toBe(true);
      expect(isRefused(() => allocator.realloc(foreign, 0), traits, FOREIGN)).toBe(true);
      expect(isRefused(() => allocator.realloc(foreign, 48), traits, FOREIGN)).toBe(true);
      expect(isRefused(free(allocator, foreign), traits, FOREIGN)).toBe(true);
      if (traits.lifetime === 'free' || traits.lifetime === 'memory') {
        expect(isRefused(() => allocator.lifetimeOf!(foreign), traits, FOREIGN)).toBe(true);
      }
      expect(Buffer.from(foreign)).toEqual(before);
    }
    if (block !== undefined) {
      expect(block).toEqual(Buffer.alloc(block.length, 16));
      allocator.free(block);
    }
  });

  it('refuses empty blocks of others', (allocator) => {
    using arena = new BumpArena(64);
    for (const foreign of [Buffer.alloc(0), arena.alloc(0)!]) {
      expect(owns(allocator, foreign, false)).toBe(false);
      expect(isRefused(() => allocator.realloc(foreign, 8), traits, FOREIGN)).toBe(true);
      expect(isRefused(free(allocator, foreign), traits, FOREIGN)).toBe(true);
    }
  });

  if (traits.largest > 0) {
    describeRanges(factory, traits);
    describeFreeing(factory, traits);
    describeLifetimes(factory, traits);
  }
}

/** Memory is owned whatever it is seen through. */
function describeRanges(factory: Factory, traits: Traits): void {
  if (traits.owns === false) {
    return;
  }
  const it = sentences(factory);

  it('owns its live blocks, and every part of them', (allocator) => {
    for (const block of fill(allocator, [8, 64, 1, 24])) {
      const { buffer, byteOffset, length } = block;
      for (const [start, end] of [
        [0, length],
        [0, 1],
        [length - 1, length],
        [Math.floor(length / 2), length],
      ] as const) {
        expect(owns(allocator, block.subarray(start, end))).toBe(true);
        expect(owns(allocator, Buffer.from(buffer, byteOffset + start, end - start))).toBe(true);
        expect(owns(allocator, new DataView(buffer, byteOffset + start, end - start))).toBe(true);
      }
    }
  });

  it('owns what other allocators make of its blocks', (allocator) => {
    using list = new FreeList(allocator, { blockSize: 8, count: 8, align: 1 });
    expect(owns(allocator, list.alloc(8)!)).toBe(true);
    using scoped = new ScopedAllocator(allocator, 64);
    expect(owns(allocator, scoped.alloc(8)!)).toBe(true);
  });

  it('owns no byte beyond its last block', (allocator) => {
    const block = fill(allocator, [8, 24]).at(-1)!;
    const { buffer, byteOffset, length } = block;
    if (traits.layered !== true && byteOffset + length < buffer.byteLength) {
      expect(owns(allocator, Buffer.from(buffer, byteOffset, length + 1))).toBe(false);
      expect(owns(allocator, Buffer.from(buffer, byteOffset + length, 1))).toBe(false);
    }
  });

  it('owns an empty block', (allocator) => {
    const empty = allocator.alloc(0)!;
    expect(owns(allocator, empty)).toBe(true);
    fill(allocator, [3, 24]);
    expect(owns(allocator, empty)).toBe(true);
    expect(owns(allocator, allocator.alloc(0)!)).toBe(true);
    expect(owns(allocator, allocator.alloc(0, 16) ?? empty)).toBe(true);
  });
}

function describeFreeing(factory: Factory, traits: Traits): void {
  const it = sentences(factory);
  const { takesBack } = traits;

  it('leaves all other blocks as they are when it takes one back', (allocator) => {
    const blocks = fill(allocator, [8, 24, 64, 16]);
    for (const index of [1, 3, 0]) {
      allocator.free(blocks[index]!);
      expect(owns(allocator, blocks[2]!)).toBe(true);
      expect(blocks[2]!.every((byte) => byte === 66)).toBe(true);
    }
    expect(allocator.realloc(blocks[2]!, 8)).not.toBeNull();
  });

  if (takesBack !== 'none') {
    it('does not own what it has taken back, and refuses it', (allocator) => {
      const blocks = fill(allocator, [8, 24, 64, 16]);
      for (const block of takesBack === 'every' ? [blocks[1]!, blocks[3]!, blocks[0]!] : blocks.slice(1).reverse()) {
        const part = block.subarray(1);
        allocator.free(block);
        for (const dead of [block, part, Buffer.from(block.buffer, block.byteOffset, block.length)]) {
          expect(owns(allocator, dead, false)).toBe(false);
        }
        for (const refused of [
          free(allocator, block),
          () => allocator.realloc(block, 8),
          () => allocator.realloc(block, 60),
        ]) {
          expect(isRefused(refused, traits, FOREIGN, DOUBLE_FREE)).toBe(true);
        }
      }
    });

    const known = takesBack === 'every' && traits.ownErrors !== true;
    it('tells what it has taken back from what it never had, where it has wasFreed', (allocator) => {
      if (isOwner(allocator) && allocator.wasFreed !== undefined && known) {
        const [first, block, last] = fill(allocator, [8, 16, 24]) as [Buffer, Buffer, Buffer];
        allocator.free(block);
        const asked = [first, block, last, Buffer.alloc(16)];
        expect(asked.map((each) => allocator.wasFreed!(each))).toEqual([false, true, false, false]);
        const [next] = fill(allocator, [16]);
        expect(allocator.wasFreed(next!)).toBe(false);
      }
    });

    it('keeps the memory of a block that others have made something of, until they give it back', (allocator) => {
      const scoped = new ScopedAllocator(allocator, 64);
      const list = new FreeList(scoped, { blockSize: 16, count: 2 });
      const block = list.alloc(16)!.fill(1);
      const blocks = fill(allocator, [64, 24]);
      expect(intact([block, ...blocks])).toBe(true);
      list.dispose();
      scoped.dispose();
      expect(intact(blocks)).toBe(true);
      const again = new FreeList(allocator, { blockSize: 64, count: 1, align: 1 });
      expect(overlaps([again.alloc(64)!, ...blocks])).toEqual([]);
      again.dispose();
    });

    it('hands out once what was to be freed twice', (allocator) => {
      const [block] = fill(allocator, [24]) as [Buffer];
      allocator.free(block);
      expect(isRefused(free(allocator, block), traits, FOREIGN, DOUBLE_FREE)).toBe(true);
      const [first, second] = fill(allocator, [24, 24]) as [Buffer, Buffer];
      expect(first.buffer === second.buffer && first.byteOffset === second.byteOffset).toBe(false);
      expect(first[0]).toBe(24);
    });
  }
}

function describeLifetimes(factory: Factory, traits: Traits): void {
  const { lifetime: end, takesBack } = traits;
  const it = sentences(factory);

  it(`has ${end === undefined ? 'no ' : ''}lifetimeOf`, (allocator) => {
    // A wrapper hands on what the inner one cannot tell, either.
    const answer = allocator.lifetimeOf?.(allocator.alloc(1)!);
    expect(typeof answer).toBe(end === undefined ? 'undefined' : 'object');
  });
  if (end === undefined) {
    return;
  }

  it('tells the lifetime of a block that lives, whatever happens to others', (allocator) => {
    const [first, block, last] = fill(allocator, [8, 16, 24]) as [Buffer, Buffer, Buffer];
    const lifetime = lifetimeOf(allocator, block, traits);
    expect(lifetime.ended).toBe(false);
    allocator.free(last);
    allocator.free(first);
    fill(allocator, [64, 8]);
    expect(lifetime.ended).toBe(false);
    expect(lifetimeOf(allocator, block, traits).ended).toBe(false);
  });

  it('tells the lifetime of a block that was reallocated', (allocator) => {
    let [block] = fill(allocator, [8, 8]) as [Buffer];
    for (const size of [64, 16, 24]) {
      block = allocator.realloc(block, size)!;
      expect(lifetimeOf(allocator, block, traits).ended).toBe(false);
    }
  });

  if (end === 'free') {
    it('ends the lifetime of a block when that is given back', (allocator) => {
      const [first, block, last] = fill(allocator, [8, 16, 24]) as [Buffer, Buffer, Buffer];
      const lifetimes = [first, block, last].map((each) => lifetimeOf(allocator, each, traits));
      allocator.free(block);
      expect(lifetimes.map(({ ended }) => ended)).toEqual([false, true, false]);
      const [next] = fill(allocator, [16]);
      expect(lifetimeOf(allocator, next!, traits).ended).toBe(false);
      expect(lifetimes[1]!.ended).toBe(true);
      if (takesBack === 'every' && !sameRange(next!, block)) {
        expect(isRefused(() => allocator.lifetimeOf!(block), traits, FOREIGN, DOUBLE_FREE)).toBe(true);
      }
    });

    it('ends the lifetime of a block that moves, and of no other one', (allocator) => {
      const [block, after] = fill(allocator, [8, 8]) as [Buffer, Buffer];
      const lifetimes = [block, after].map((each) => lifetimeOf(allocator, each, traits));
      const answer = allocator.realloc(block, 64)!;
      expect(lifetimes.map(({ ended }) => ended)).toEqual([!sameRange(answer, block), false]);
      expect(lifetimeOf(allocator, answer, traits).ended).toBe(false);
    });
  }

  if (end !== 'unknown' && traits.givesUp !== false) {
    describeEnd(factory, traits);
  }
}

function describeEnd(factory: Factory, traits: Traits): void {
  it('ends all lifetimes when its memory is given up', () => {
    const lifetimes: Ending[] = [];
    factory((allocator) => {
      lifetimes.push(...fill(allocator, [8, 64]).map((block) => lifetimeOf(allocator, block, traits)));
      expect(lifetimes.map(({ ended }) => ended)).toEqual([false, false]);
    });
    expect(lifetimes.map(({ ended }) => ended)).toEqual([true, true]);
  });
}

type Ending = Pick<BlockLifetime, 'ended'>;

/** One that never ends, where an allocator may know nothing and does. */
function lifetimeOf(allocator: Allocator, block: Buffer, traits: Traits): Ending {
  const lifetime: BlockLifetime | undefined = allocator.lifetimeOf!(block);
  if (traits.lifetime !== 'unknown') {
    expect(lifetime).toBeDefined();
  }
  return lifetime ?? { ended: false };
}

function free(allocator: Allocator, block: Buffer): () => void {
  return () => {
    allocator.free(block);
  };
}
