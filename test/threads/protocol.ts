import type { BumpAlloc } from '../../lib';
import { isZero } from '../arena/support';
import { type Call, interleaved, PAGE_SIZE, steal } from './copies';

/** What one copy of the library does, as if it were a thread. */
export type Operation =
  | { do: 'alloc' | 'offset'; thread: number; size: number; align: number }
  | { do: 'realloc'; thread: number; size: number; at: number }
  | { do: 'read'; thread: number; at: number }
  | { do: 'steal'; thread: number };

/** What happens before each step in turn: operations of others, and whether the system refuses the step. */
export interface Moment {
  operations: readonly Operation[];
  refuses: boolean;
}

interface Block {
  offset: number;
  size: number;
  value: number;
  owner: Thread;
}

/** A copy of the library, what it must have by what it was seen to do, and what it does just now. */
class Thread {
  start = 0;
  end = 0;
  busy = false;
  refused = false;
  lastTaken = 0;
  won: [from: number, to: number][] = [];

  constructor(readonly alloc: BumpAlloc) {}
}

/** Copies that work on the same memory, in turns that a schedule names, each checked against what it should come to. */
export class Protocol {
  readonly #threads: Thread[];
  readonly #capacity: number;
  readonly #blocks: Block[] = [];
  readonly #active: Thread[] = [];
  readonly #moments: Moment[];
  #taken = 0;
  #committed = 0;
  #values = 0;
  #calm = 0;
  /** How often one thread worked inside of another one's step, and lost or won; and how often a block grew outside of a chunk. */
  readonly counts = { nested: 0, lost: 0, won: 0, full: 0, refused: 0, behind: 0 };

  constructor(allocs: readonly BumpAlloc[], schedule: readonly Moment[]) {
    this.#threads = allocs.map((alloc) => new Thread(alloc));
    this.#capacity = allocs[0]!.capacity;
    this.#moments = schedule.toReversed();
  }

  run(operations: readonly Operation[]): void {
    interleaved(
      (call) => this.#before(call),
      (call, result) => {
        this.#after(call, result);
      },
      () => {
        for (const operation of operations) {
          this.#perform(operation);
        }
        this.#moments.length = 0;
        this.#finish();
      },
    );
  }

  // --- Between the steps ------------------------------------------------------------------------------------------

  #before({ step, args }: Call): boolean {
    const moment = this.#active.length > 0 ? this.#moments.pop() : undefined;
    for (const operation of moment?.operations ?? []) {
      this.counts.nested++;
      this.#perform(operation);
    }
    const thread = this.#active.at(-1);
    // What is committed already is not refused to anybody.
    const refusable = step === 'reserve' || step === 'expose' || (step === 'commit' && args[0]! > this.#committed);
    if (thread === undefined || moment?.refuses !== true || !refusable || this.#calm > 0) {
      return false;
    }
    this.counts.refused++;
    return (thread.refused = true);
  }

  #after({ step, args }: Call, result: unknown): void {
    const thread = this.#active.at(-1);
    if (step === 'taken') {
      expect(result).toBe(this.#taken);
      if (thread !== undefined) {
        thread.lastTaken = this.#taken;
      }
    } else if (step === 'commit') {
      this.#committed = Math.max(this.#committed, result === 0 ? Math.ceil(args[0]! / PAGE_SIZE) * PAGE_SIZE : 0);
    } else if (step === 'take') {
      const [from, to] = args as [number, number];
      const wins = from === this.#taken;
      expect(result === 0).toBe(wins);
      this.counts[wins ? 'won' : 'lost']++;
      if (wins) {
        expect(to).toBeGreaterThan(from);
        expect(to).toBeLessThanOrEqual(this.#capacity);
        this.#taken = to;
        thread!.won.push([from, to]);
      }
    }
  }

  // --- What threads do --------------------------------------------------------------------------------------------

  #perform(operation: Operation): void {
    const thread = this.#threads[operation.thread]!;
    if (thread.busy) {
      return; // a thread does one thing at a time
    }
    Object.assign(thread, { busy: true, refused: false, lastTaken: this.#taken, won: [] });
    this.#active.push(thread);
    try {
      this.#execute(thread, operation);
    } finally {
      this.#active.pop();
      thread.busy = false;
    }
  }

  #execute(thread: Thread, operation: Operation): void {
    switch (operation.do) {
      case 'alloc':
        this.#allocated(
          thread,
          operation,
          this.#attempt(thread, () => thread.alloc.alloc(operation.size, operation.align)),
        );
        break;
      case 'offset': {
        const offset = this.#attempt(thread, () => thread.alloc.allocOffset(operation.size, operation.align));
        const block =
          offset === null || offset < 0 ? null : this.#calmly(() => thread.alloc.bytesAt(offset, operation.size));
        this.#allocated(thread, operation, block);
        break;
      }
      case 'realloc':
        this.#realloc(thread, operation);
        break;
      case 'read':
        this.#read(thread, operation.at);
        break;
      case 'steal':
        this.#attempt(thread, () => (steal(thread.alloc), null));
    }
  }

  /** Without refusals: for what a test needs to look at, and is no part of what it tests. */
  #calmly<T>(look: () => T): T {
    this.#calm++;
    try {
      return look();
    } finally {
      this.#calm--;
    }
  }

  /** What the system refuses is `null` or an error of the system's, and never a thread's own. */
  #attempt<T>(thread: Thread, act: () => T): T | null {
    try {
      return act();
    } catch (error) {
      if (!thread.refused || (error as { code?: string }).code !== 'ERR_OFFHEAP_OS') {
        throw error;
      }
      return null;
    }
  }

  #allocated(thread: Thread, { size, align }: { size: number; align: number }, block: Buffer | null): void {
    if (block === null) {
      this.#nothingTaken(thread, size, align);
      return;
    }
    const offset = block.byteOffset;
    expect(block).toHaveLength(size);
    expect(offset % align).toBe(0);
    const [range] = thread.won;
    expect(thread.won.length).toBeLessThanOrEqual(1);
    if (range === undefined) {
      expect([offset >= thread.start, offset + size <= thread.end]).toEqual([true, true]);
      thread.start = offset + size;
    } else {
      const [from, to] = range;
      const continues = from === thread.end;
      expect([offset >= (continues ? thread.start : from), offset + size <= to]).toEqual([true, true]);
      if (continues || to - offset - size >= thread.end - thread.start) {
        [thread.start, thread.end] = [offset + size, to];
      }
    }
    this.#enter(thread, block);
  }

  /** Refused: by the system, or for want of room, where the thread has looked last and at the end of its chunk. */
  #nothingTaken(thread: Thread, size: number, align: number): void {
    expect(thread.won).toEqual([]);
    if (!thread.refused) {
      this.counts.full++;
      const up = (offset: number) => Math.ceil(offset / align) * align;
      expect(up(thread.lastTaken) + size).toBeGreaterThan(this.#capacity);
      expect(up(thread.start) + size).toBeGreaterThan(thread.end);
    }
  }

  #enter(owner: Thread, block: Buffer): void {
    const { byteOffset: offset, length: size } = block;
    const overlapping = this.#blocks.filter((each) => each.offset < offset + size && offset < each.offset + each.size);
    expect(overlapping).toEqual([]);
    expect(isZero(block)).toBe(true);
    const value = (this.#values++ % 255) + 1;
    block.fill(value);
    this.#blocks.push({ offset, size, value, owner });
  }

  #realloc(thread: Thread, { size, at }: { size: number; at: number }): void {
    const own = this.#blocks.filter(({ owner }) => owner === thread);
    // The newest ones, which may grow where they are.
    const entry = own[own.length - 1 - Math.floor(at * Math.min(own.length, 3))];
    if (entry === undefined) {
      return;
    }
    const end = entry.offset + entry.size;
    const inChunk = end === thread.start;
    const old = this.#attempt(thread, () => thread.alloc.bytesAt(entry.offset, entry.size));
    const block = old === null ? null : this.#attempt(thread, () => thread.alloc.realloc(old, size));
    if (block === null) {
      expect(thread.won.length).toBe(0);
      this.#check(thread, entry);
      return;
    }
    const kept = Math.min(size, entry.size);
    expect(block.subarray(0, kept).every((byte) => byte === entry.value)).toBe(true);
    if (block.byteOffset === entry.offset) {
      expect(isZero(block.subarray(kept))).toBe(true);
      if (size > entry.size && inChunk) {
        thread.start = entry.offset + size;
        thread.end = thread.won[0]?.[1] ?? thread.end;
      } else if (size > entry.size) {
        this.counts.behind++;
        expect(thread.won).toEqual([[end, entry.offset + size]]);
      }
      this.#blocks.splice(this.#blocks.indexOf(entry), 1);
      block.fill(0); // as #enter expects it of new memory
      this.#enter(thread, block);
    } else {
      expect(size).toBeGreaterThan(entry.size);
      this.#check(thread, entry);
      block.fill(0);
      this.#allocated(thread, { size, align: 8 }, block);
    }
  }

  #read(thread: Thread, at: number): void {
    const block = this.#blocks[Math.floor(at * this.#blocks.length)];
    if (block !== undefined) {
      this.#check(thread, block);
    }
  }

  #check(thread: Thread, block: Block): void {
    const { offset, size, value } = block;
    const bytes = this.#attempt(thread, () => thread.alloc.bytesAt(offset, size));
    // Its owner may have made another one of it meanwhile.
    if (bytes !== null && this.#blocks.includes(block)) {
      expect(bytes.every((byte) => byte === value)).toBe(true);
    }
  }

  // --- The end ----------------------------------------------------------------------------------------------------

  #finish(): void {
    for (const thread of this.#threads) {
      expect(thread.alloc.allocated).toBe(this.#taken - (thread.end - thread.start));
      expect(thread.alloc.remaining).toBe(this.#capacity - thread.alloc.allocated);
      for (const block of this.#blocks) {
        this.#check(thread, block);
      }
    }
  }
}
