import fc from 'fast-check';

import { type BumpArena, type Checkpoint, KiB } from '../../lib';
import { ARENAS, codeOf } from '../arena/support';

/** What an arena is, without memory: a list of live blocks, each filled with a byte of its own. */
interface Model {
  zeroed: boolean;
  used: number;
  live: { block: Buffer; value: number }[];
  checkpoints: { checkpoint: Checkpoint; used: number }[];
  dead: Checkpoint[];
}

type Operation = (arena: BumpArena, model: Model) => void;

const CAPACITY = 300 * KiB;
let nextValue = 1;

const alignment = fc.integer({ min: 0, max: 12 }).map((power) => 2 ** power);
const size = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 100 * KiB }),
  fc.constantFrom(4095, 4096, 4097, 64 * KiB, CAPACITY, CAPACITY + 1, 2 ** 33),
);
const pick = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function keep(model: Model, block: Buffer): void {
  const value = (nextValue = (nextValue % 255) + 1);
  block.fill(value);
  model.live.push({ block, value });
}

const alloc = fc.tuple(size, alignment, fc.boolean()).map(([bytes, align, zeroed]): Operation => (arena, model) => {
  const offset = Math.ceil(model.used / align) * align;
  const block = zeroed ? arena.allocZeroed(bytes, align) : arena.alloc(bytes, align);
  if (bytes > 0 && offset + bytes > CAPACITY) {
    expect(block).toBeNull();
    return;
  }
  expect(block).toHaveLength(bytes);
  if (bytes === 0) {
    return;
  }
  expect(block!.byteOffset).toBe(offset);
  if (zeroed || model.zeroed) {
    expect(block!.every((byte) => byte === 0)).toBe(true);
  }
  model.used = offset + bytes;
  keep(model, block!);
});

const realloc = fc.tuple(pick, size).map(([which, bytes]): Operation => (arena, model) => {
  const index = Math.floor(which * model.live.length);
  const entry = model.live[index];
  if (entry === undefined) {
    return;
  }
  const { block, value } = entry;
  const { byteOffset: offset, length } = block;
  const last = offset + length === model.used;
  const moves = !last && bytes > length;
  const target = moves ? Math.ceil(model.used / 8) * 8 : offset;
  const result = arena.realloc(block, bytes);
  if (target + bytes > CAPACITY) {
    expect(result).toBeNull();
    return;
  }
  expect(result).toHaveLength(bytes);
  expect(result!.byteOffset).toBe(target);
  expect(result!.subarray(0, Math.min(bytes, length)).every((byte) => byte === value)).toBe(true);
  if (moves) {
    model.used = target + bytes;
  } else if (last) {
    model.used = offset + bytes;
  }
  model.live.splice(index, 1);
  if (bytes > 0) {
    keep(model, result!);
  }
});

const free = pick.map((which): Operation => (arena, model) => {
  const [entry] = model.live.splice(Math.floor(which * model.live.length), 1);
  if (entry !== undefined) {
    const { byteOffset: offset, length } = entry.block;
    arena.free(entry.block);
    model.used = offset + length === model.used ? offset : model.used;
  }
});

function goBack(model: Model, used: number): void {
  model.used = Math.min(model.used, used);
  model.live = model.live.filter(({ block }) => block.byteOffset + block.length <= used);
}

const checkpoint = fc.constant<Operation>((arena, model) => {
  model.checkpoints.push({ checkpoint: arena.checkpoint(), used: model.used });
});

const rewind = pick.map((which): Operation => (arena, model) => {
  const index = Math.floor(which * model.checkpoints.length);
  const entry = model.checkpoints[index];
  if (entry === undefined) {
    return;
  }
  arena.rewind(entry.checkpoint);
  model.dead.push(...model.checkpoints.splice(index + 1).map((later) => later.checkpoint));
  goBack(model, entry.used);
});

const rewindStale = pick.map((which): Operation => (arena, model) => {
  const dead = model.dead[Math.floor(which * model.dead.length)];
  if (dead !== undefined) {
    expect(
      codeOf(() => {
        arena.rewind(dead);
      }),
    ).toBe('ERR_OFFHEAP_STALE');
  }
});

const startOver = fc
  .constantFrom(
    (arena: BumpArena) => {
      arena.reset();
    },
    (arena: BumpArena) => {
      arena.renew();
    },
    (arena: BumpArena) => {
      arena.renew({ detach: true });
    },
    (arena: BumpArena) => {
      arena.resetUnsafe();
    },
  )
  .map((way): Operation => (arena, model) => {
    way(arena);
    model.used = 0;
    model.live = [];
    model.dead.push(...model.checkpoints.splice(0).map((entry) => entry.checkpoint));
  });

const trim = fc.constant<Operation>((arena) => {
  arena.trim();
});

const scope = fc.array(fc.oneof(alloc, realloc), { maxLength: 5 }).map((operations): Operation => (arena, model) => {
  const before = { used: model.used, live: [...model.live] };
  arena.scope(() => {
    // Blocks from outside that were the last could grow into the scope, and would lose what they grew by.
    model.live = [];
    for (const operation of operations) {
      operation(arena, model);
    }
  });
  Object.assign(model, before);
});

const operation = fc.oneof(
  { arbitrary: alloc, weight: 8 },
  { arbitrary: realloc, weight: 3 },
  { arbitrary: free, weight: 2 },
  checkpoint,
  rewind,
  rewindStale,
  trim,
  scope,
  { arbitrary: startOver, weight: 1 },
);

describe.each(ARENAS)('%s, by random operations,', (_name, Arena) => {
  it.each([false, true])('behaves as its model (zeroed: %s)', (zeroed) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        using arena = new Arena(CAPACITY, { zeroed });
        const model: Model = { zeroed, used: 0, live: [], checkpoints: [], dead: [] };
        for (const apply of operations) {
          apply(arena, model);
          expect(arena.used).toBe(model.used);
          expect(arena.remaining).toBe(CAPACITY - model.used);
          for (const { block, value } of model.live) {
            expect(arena.owns(block)).toBe(true);
            expect(block[0]).toBe(value);
            expect(block.at(-1)).toBe(value);
          }
        }
        for (const { block, value } of model.live) {
          expect(block.every((byte) => byte === value)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
