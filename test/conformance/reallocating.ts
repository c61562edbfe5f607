import { type Allocator } from '../../lib';
import { type Factory, fill, intact, overlaps, owns, sameRange, sentences, tooMuch, type Traits } from './support';

/** What `realloc` promises. */
export function describeReallocating(factory: Factory, traits: Traits): void {
  const it = sentences(factory);

  /** Reallocates, and checks what is promised of every answer. */
  function realloc(allocator: Allocator, block: Buffer, size: number, align?: number): Buffer {
    const kept = Buffer.from(block.subarray(0, size));
    const answer = allocator.realloc(block, size, align)!;
    expect(Buffer.isBuffer(answer)).toBe(true);
    expect(answer.length).toBeGreaterThanOrEqual(size);
    if (traits.exact === true) {
      expect(answer).toHaveLength(size);
    }
    expect(answer.subarray(0, kept.length)).toEqual(kept);
    expect(owns(allocator, answer)).toBe(true);
    return answer;
  }

  it('makes a block longer and shorter, and keeps its contents and its neighbours', (allocator) => {
    const [before, block, after] = fill(allocator, [24, 8, 24]) as [Buffer, Buffer, Buffer];
    let now = block;
    for (const size of [24, 64, 40, 3, 0, 16, 17, 17, 1, 64]) {
      now = realloc(allocator, now, size).fill(size);
      expect(overlaps([before, now, after])).toEqual([]);
      expect(intact([before, now, after])).toBe(true);
    }
  });

  it('does the same with the last block', (allocator) => {
    const [before, block] = fill(allocator, [24, 8]) as [Buffer, Buffer];
    let now = block;
    for (const size of [24, 64, 64, 40, 3, 0, 16, 0, 64, 7, 8]) {
      now = realloc(allocator, now, size).fill(size);
      expect(overlaps([before, now])).toEqual([]);
      expect(intact([before, now])).toBe(true);
    }
  });

  it('keeps every byte of a block that grows', (allocator) => {
    const bytes = Buffer.from(Array.from({ length: 20 }, (_, i) => i + 1));
    for (const fillers of [0, 1]) {
      const block = allocator.alloc(20)!;
      bytes.copy(block);
      fill(allocator, Array<number>(fillers).fill(8));
      expect(realloc(allocator, block, 64).subarray(0, 20)).toEqual(bytes);
    }
  });

  it('makes a block of nothing, and one of that again', (allocator) => {
    const block = allocator.alloc(32)!.fill(1);
    const [after] = fill(allocator, [16]);
    const nothing = realloc(allocator, block, 0);
    const again = realloc(allocator, nothing, 32).fill(2);
    expect(overlaps([again, after!])).toEqual([]);
    expect(intact([again, after!])).toBe(true);
    allocator.free(realloc(allocator, again, 0));
    expect(allocator.alloc(32)).not.toBeNull();
  });

  it('leaves a block as it is that has the size already', (allocator) => {
    const [block, after] = fill(allocator, [48, 8]) as [Buffer, Buffer];
    const same = realloc(allocator, block, 48);
    expect(sameRange(same, block)).toBe(true);
    expect(intact([same, after])).toBe(true);
  });

  it('aligns a block that it moves as asked for', (allocator) => {
    const align = Math.min(traits.maxAlign ?? 32, 32);
    fill(allocator, [1, 8]);
    const block = allocator.alloc(8)!.fill(1);
    fill(allocator, [1]);
    const moved = realloc(allocator, block, 60, align);
    if (!sameRange(moved, block)) {
      expect(moved.byteOffset % align).toBe(0);
    }
    const movedAgain = realloc(allocator, moved, 64);
    if (!sameRange(movedAgain, moved)) {
      expect(movedAgain.byteOffset % 8).toBe(0);
    }
  });

  it('answers null for more than there can be, and leaves the block alive and untouched', (allocator) => {
    const blocks = fill(allocator, [24, 40, 16]);
    for (const [i, block] of blocks.entries()) {
      const before = Buffer.from(block);
      for (const size of i === 0 || traits.givesUp !== false ? tooMuch(traits) : []) {
        expect(allocator.realloc(block, size)).toBeNull();
      }
      expect(block).toEqual(before);
      expect(owns(allocator, block)).toBe(true);
    }
    expect(intact([...blocks, ...fill(allocator, [24])])).toBe(true);
    const [first, second, last] = blocks as [Buffer, Buffer, Buffer];
    allocator.free(realloc(allocator, last, 24));
    realloc(allocator, first, 32);
    allocator.free(second);
  });

  it('refuses what has become of a block that it has moved, or made shorter, where that can be known', (allocator) => {
    if (traits.takesBack !== 'every') {
      return;
    }
    const [block] = fill(allocator, [8, 8]) as [Buffer];
    const grown = realloc(allocator, block, 64);
    if (!sameRange(grown, block)) {
      expect(owns(allocator, block, false)).toBe(false);
    }
    const length = grown.length;
    const shorter = realloc(allocator, grown, 16);
    if (sameRange(shorter, grown) && shorter.length < length) {
      expect(owns(allocator, grown, false)).toBe(false);
    }
    expect(owns(allocator, shorter)).toBe(true);
  });
}
