import fc from 'fast-check';

import { ArenaPool, type GiveBack, KiB, type Pin, type RequestArena } from '../../lib';
import { isZero } from '../arena/support';

// Random requests, some at a time, that end in every way, and views of theirs that are kept: none ever shows what
// belongs to another request.

type Step =
  | { kind: 'acquire' }
  | { kind: 'alloc'; at: number; size: number; zeroed: boolean }
  | { kind: 'release'; at: number; aborted: boolean }
  | { kind: 'dispose'; at: number }
  | { kind: 'startOver'; at: number; way: number }
  | { kind: 'pin'; at: number }
  | { kind: 'unpin'; at: number }
  | { kind: 'take'; at: number }
  | { kind: 'scribble'; at: number }
  | { kind: 'trim' };

const at = fc.nat(1000);
const size = fc.oneof({ weight: 6, arbitrary: fc.nat(6000) }, { weight: 1, arbitrary: fc.nat(200 * KiB) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('acquire' as const) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('alloc' as const), at, size, zeroed: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), at, aborted: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dispose' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('startOver' as const), at, way: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pin' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unpin' as const), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('scribble' as const), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const) }) },
);

interface Request {
  readonly arena: RequestArena;
  /** What it fills its blocks with. */
  readonly own: number;
  blocks: Buffer[];
  pins: Pin[];
  released: boolean;
}

class Model {
  readonly #pool: ArenaPool;
  readonly #zeroed: boolean;
  #requests: Request[] = [];
  /** Every view that there ever was, with the bytes that it may show. */
  readonly #views: { view: Buffer; own: number }[] = [];
  #nextOwn = 1;

  constructor(giveBack: GiveBack, zeroed: boolean) {
    this.#pool = new ArenaPool({ giveBack, zeroed, window: 64 * KiB, capacity: 512 * KiB, maxCached: 4 });
    this.#zeroed = zeroed;
  }

  run(steps: readonly Step[]): void {
    for (const each of steps) {
      this.#step(each);
      this.#check();
    }
    for (const request of this.#requests.splice(0)) {
      this.#unpin(request);
      this.#pool.release(request.arena);
    }
    expect(this.#pool.stats).toMatchObject({ liveArenas: 0, live: 0, pinned: 0 });
    this.#pool.dispose();
    this.#check();
  }

  #step(each: Step): void {
    if (each.kind === 'acquire') {
      this.#acquire();
      return;
    }
    if (each.kind === 'trim') {
      this.#pool.trim();
      return;
    }
    const request = this.#requests[each.at % this.#requests.length];
    if (request === undefined) {
      return;
    }
    const { arena, own, blocks, pins } = request;
    switch (each.kind) {
      case 'alloc': {
        const block = each.zeroed ? arena.allocZeroed(each.size) : arena.alloc(each.size);
        if (block !== null) {
          expect(block).toHaveLength(each.size);
          expect(isZero(block) || !(each.zeroed || this.#zeroed)).toBe(true);
          block.fill(own);
          blocks.push(block);
          this.#views.push({ view: block, own });
        }
        break;
      }
      case 'release':
        request.released = true;
        this.#pool.release(arena, { aborted: each.aborted });
        break;
      case 'dispose':
        if (pins.length === 0) {
          request.released = true;
          arena.dispose();
        }
        break;
      case 'startOver':
        if (pins.length === 0) {
          [
            () => {
              arena.reset();
            },
            () => {
              arena.renew();
            },
            () => {
              arena.renew({ detach: true });
            },
          ][each.way]!();
          request.blocks = [];
        }
        break;
      case 'pin':
        pins.push(arena.pin());
        break;
      case 'unpin':
        this.#unpin(request);
        break;
      case 'take':
        if (blocks.length > 0) {
          this.#take(request);
        }
        break;
      case 'scribble':
        this.#scribble();
        break;
    }
    this.#requests = this.#requests.filter(({ pins: held, released }) => !released || held.length > 0);
  }

  #acquire(): void {
    const own = this.#nextOwn;
    this.#nextOwn = (own % 255) + 1;
    this.#requests.push({ arena: this.#pool.acquire(), own, blocks: [], pins: [], released: false });
  }

  #unpin(request: Request): void {
    for (const pin of request.pins.splice(0)) {
      pin.release();
    }
  }

  /** Somebody takes the buffer of a request away, and keeps it. */
  #take({ arena, own, blocks }: Request): void {
    const { buffer } = arena;
    if (typeof buffer.transfer !== 'function') {
      return;
    }
    const ranges = blocks.splice(0).filter((block) => block.buffer === buffer && block.length > 0);
    const places = ranges.map(({ byteOffset, length }) => ({ byteOffset, length }));
    const taken = buffer.transfer();
    for (const { byteOffset, length } of places) {
      this.#views.push({ view: Buffer.from(taken, byteOffset, length), own });
    }
  }

  /** Whoever holds a stale view writes to it. */
  #scribble(): void {
    const live = new Set(this.#requests.flatMap(({ blocks }) => blocks));
    for (const { view, own } of this.#views) {
      if (!live.has(view)) {
        for (let i = 0; i < view.length; i += 64) {
          view[i] = own;
        }
      }
    }
  }

  #check(): void {
    const { liveArenas, pinned } = this.#pool.stats;
    expect(liveArenas).toBe(this.#requests.length);
    expect(pinned).toBe(this.#requests.filter(({ released }) => released).length);
    for (const { view, own } of this.#views) {
      for (let i = 0; i < view.length; i += 61) {
        if (view[i] !== 0 && view[i] !== own) {
          throw new Error(`A view of request ${own} shows ${view[i]!}`);
        }
      }
    }
    // What is with a request is all its own.
    for (const { blocks, own } of this.#requests) {
      expect(blocks.every((block) => block.every((byte) => byte === own))).toBe(true);
    }
  }
}

describe.each<[GiveBack, boolean]>([
  ['auto', true],
  ['auto', false],
  ['renew', true],
  ['detach', true],
  ['reset', true],
  ['reset', false],
])('Requests with giveBack: %s and zeroed: %s', (giveBack, zeroed) => {
  it('never see each other’s bytes', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        new Model(giveBack, zeroed).run(steps);
      }),
      { numRuns: 60 },
    );
  });
});
