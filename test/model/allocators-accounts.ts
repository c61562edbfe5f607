import { type Allocator, BumpAlloc, BumpArena, type Checkpoint, FreeList, type Scope, StatsAllocator } from '../../lib';
import { type Traits } from '../conformance/suite';

/** A block that lives, or did: where it is, even when its Buffer has been detached since. */
export interface Range {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly length: number;
}

/** What one kind of allocator does and counts, as far as that can be told in advance. */
export interface Account {
  /** Notes what `alloc` was asked for and has answered, and checks it. */
  alloc(size: number, align: number | undefined, answer: Buffer | null): void;
  realloc(old: Range, size: number, align: number | undefined, answer: Buffer | null): void;
  free(old: Range): void;
  /** Checks what the allocator says of itself. */
  check(live: readonly Range[]): void;
}

/** As `expect(received).toEqual(expected)`, which takes most of the time where it is called for every operation. */
export function expectSame(received: readonly unknown[], expected: readonly unknown[]): void {
  if (received.length !== expected.length || received.some((each, i) => each !== expected[i])) {
    expect(received).toEqual(expected);
  }
}

export function accountsOf(allocator: Allocator, traits: Traits): Account[] {
  if (allocator instanceof FreeList) {
    return [new ListAccount(allocator, traits)];
  }
  if (allocator instanceof StatsAllocator) {
    return [new StatsAccount(allocator as StatsAllocator)];
  }
  if (allocator instanceof BumpAlloc) {
    return [new BumpAllocAccount(allocator)];
  }
  return isBump(allocator) ? [new BumpAccount(allocator)] : [];
}

/** A BumpArena, a scope, or the allocator of a MemoryArena, which does not say what is left. */
type BumpLike = Allocator & Pick<Scope, 'used'> & Partial<Pick<Scope, 'capacity' | 'remaining'>>;

function isBump(allocator: Allocator): allocator is BumpLike {
  return 'used' in allocator;
}

/** The next multiple of an alignment, as everybody can see that it is right. */
function alignUp(offset: number, align = 8): number {
  return Math.ceil(offset / align) * align;
}

/** A place to go back to, with the checkpoint that does it; a scope has none. */
interface Frame {
  readonly checkpoint: Checkpoint | null;
  readonly used: number;
}

/** A pointer that goes up by allocations and comes back. Offsets are those in the ArrayBuffer. */
export class BumpAccount implements Account {
  readonly #allocator: BumpLike;
  readonly #start: number;
  readonly #end: number;
  readonly #frames: Frame[] = [];
  used: number;

  constructor(allocator: BumpLike) {
    this.#allocator = allocator;
    this.used = allocator instanceof BumpArena ? allocator.used : allocator.alloc(0, 1)!.byteOffset;
    this.#start = this.used - allocator.used;
    this.#end = this.#start + (allocator.capacity ?? 2 ** 40);
  }

  alloc(size: number, align: number | undefined, answer: Buffer | null): void {
    const offset = alignUp(this.used, align);
    if (size === 0) {
      expectSame([answer?.length], [0]);
    } else if (offset + size > this.#end) {
      expectSame([answer], [null]);
    } else {
      expectSame([answer?.byteOffset, answer?.length], [offset, size]);
      this.used = offset + size;
    }
  }

  realloc({ offset, length }: Range, size: number, align: number | undefined, answer: Buffer | null): void {
    const isLast = length > 0 && offset + length === this.used;
    const stays = length > 0 && (isLast || size <= length);
    if (!stays) {
      this.alloc(size, align, answer);
    } else if (offset + size > this.#end) {
      expectSame([answer], [null]);
    } else {
      expectSame([answer?.byteOffset, answer?.length], [offset, size]);
      this.used = isLast ? offset + size : this.used;
    }
  }

  free({ offset, length }: Range): void {
    this.used = length > 0 && offset + length === this.used ? offset : this.used;
  }

  check(): void {
    const { capacity, remaining, used } = this.#allocator;
    expectSame([used], [this.used - this.#start]);
    if (capacity !== undefined) {
      expectSame([capacity, remaining], [this.#end - this.#start, this.#end - this.used]);
    }
  }

  enter(checkpoint: Checkpoint | null): Frame {
    const frame = { checkpoint, used: this.used };
    this.#frames.push(frame);
    return frame;
  }

  checkpointAt(at: number): Frame | undefined {
    const frames = this.#frames.filter(({ checkpoint }) => checkpoint !== null);
    return frames[Math.floor(at * frames.length)];
  }

  /** Goes back to a frame, which stays where it is a checkpoint; false where that has been passed over. */
  goBack(frame: Frame): boolean {
    const index = this.#frames.indexOf(frame);
    if (index >= 0) {
      this.#frames.length = frame.checkpoint === null ? index : index + 1;
      this.used = Math.min(this.used, frame.used);
    }
    return index >= 0;
  }

  startOver(): void {
    this.#frames.length = 0;
    this.used = this.#start;
  }
}

/** A pointer that goes up and never comes back. */
class BumpAllocAccount implements Account {
  readonly #allocator: BumpAlloc;
  #allocated: number;

  constructor(allocator: BumpAlloc) {
    this.#allocator = allocator;
    this.#allocated = allocator.allocated;
  }

  alloc(size: number, align: number | undefined, answer: Buffer | null): void {
    const offset = alignUp(this.#allocated, align);
    if (size === 0) {
      expectSame([answer?.length], [0]);
    } else {
      this.#expect(offset, size, answer);
    }
  }

  realloc({ offset, length }: Range, size: number, align: number | undefined, answer: Buffer | null): void {
    if (size <= length) {
      expectSame([answer?.byteOffset, answer?.length], [offset, size]);
    } else if (length > 0 && offset + length === this.#allocated) {
      this.#expect(offset, size, answer);
    } else {
      this.alloc(size, align, answer);
    }
  }

  #expect(offset: number, size: number, answer: Buffer | null): void {
    if (offset + size > this.#allocator.capacity) {
      expectSame([answer], [null]);
    } else {
      expectSame([answer?.byteOffset, answer?.length], [offset, size]);
      this.#allocated = offset + size;
    }
  }

  free(): void {
    // Nothing comes back.
  }

  check(): void {
    const { allocated, capacity, remaining } = this.#allocator;
    expectSame([allocated, remaining], [this.#allocated, capacity - this.#allocated]);
  }
}

class ListAccount implements Account {
  readonly #list: FreeList;
  readonly #traits: Traits;
  #live = 0;

  constructor(list: FreeList, traits: Traits) {
    this.#list = list;
    this.#traits = traits;
  }

  alloc(size: number, align = 1, answer: Buffer | null): void {
    const { count, largest, maxAlign } = this.#traits;
    expectSame([answer === null], [size > largest || align > maxAlign! || this.#live === count]);
    this.#live += answer === null ? 0 : 1;
  }

  realloc({ buffer, offset }: Range, size: number, _align: number | undefined, answer: Buffer | null): void {
    expectSame([answer === null], [size > this.#traits.largest]);
    if (answer !== null) {
      expectSame([answer.buffer, answer.byteOffset], [buffer, offset]);
    }
  }

  free(): void {
    this.#live--;
  }

  check(live: readonly Range[]): void {
    const { blockSize, count, live: handedOut } = this.#list;
    expectSame([handedOut, blockSize], [live.length, this.#traits.largest]);
    expectSame([count >= handedOut, count <= this.#traits.count!], [true, true]);
    expectSame([live.every(({ length }) => length === blockSize)], [true]);
  }
}

class StatsAccount implements Account {
  readonly #allocator: StatsAllocator;
  readonly #totals = { allocations: 0, reallocations: 0, frees: 0, totalBytes: 0, failures: 0 };
  readonly #sizes: number[] = [];
  #liveBytes = 0;
  #highWaterMark = 0;

  constructor(allocator: StatsAllocator) {
    this.#allocator = allocator;
  }

  alloc(size: number, _align: number | undefined, answer: Buffer | null): void {
    this.#totals[answer === null ? 'failures' : 'allocations']++;
    if (answer !== null) {
      this.#sizes.push(size);
      this.#add(answer.length);
    }
  }

  realloc({ length }: Range, _size: number, _align: number | undefined, answer: Buffer | null): void {
    this.#totals[answer === null ? 'failures' : 'reallocations']++;
    if (answer !== null) {
      this.#add(answer.length - length);
    }
  }

  free({ length }: Range): void {
    this.#totals.frees++;
    this.#add(-length, 0);
  }

  #add(bytes: number, total = Math.max(bytes, 0)): void {
    this.#liveBytes += bytes;
    this.#highWaterMark = Math.max(this.#highWaterMark, this.#liveBytes);
    this.#totals.totalBytes += total;
  }

  check(live: readonly Range[]): void {
    const { histogram, ...stats } = this.#allocator.stats;
    const bytes = live.reduce((sum, { length }) => sum + length, 0);
    expectSame([bytes], [this.#liveBytes]);
    expectSame([stats.liveBlocks, stats.liveBytes, stats.highWaterMark], [live.length, bytes, this.#highWaterMark]);
    const { allocations, failures, frees, reallocations, totalBytes } = this.#totals;
    expectSame(
      [stats.allocations, stats.failures, stats.frees, stats.reallocations, stats.totalBytes],
      [allocations, failures, frees, reallocations, totalBytes],
    );
    for (const { size, count } of histogram) {
      const counted = this.#sizes.filter((each) => each <= size && (each > size / 2 || size === 1));
      expectSame([size, count], [size, counted.length]);
    }
    expectSame([histogram.reduce((sum, { count }) => sum + count, 0)], [this.#sizes.length]);
  }
}
