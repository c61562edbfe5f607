import fc from 'fast-check';

import {
  type Allocator,
  BumpArena,
  BumpArenaLazy,
  f64,
  FallbackAllocator,
  type FieldType,
  FreeList,
  heap,
  i64,
  layoutOf,
  MemoryArena,
  ScopedAllocator,
  str,
  struct,
  u32,
  u8,
  Vec,
} from '../../lib';
import { codeOf } from '../arena/support';

const Record = struct({ id: u32, x: f64, name: str(6) });

/** A kind of element: how one is made of a number, and how it looks as plain data. */
interface Kind {
  readonly type: FieldType;
  /** Bytes. */
  readonly size: number;
  readonly make: (number: number) => unknown;
  readonly plain: (value: unknown) => unknown;
  readonly keyOf: (value: unknown) => number;
}

const itself = (value: unknown): unknown => value;

const KINDS: [string, Kind][] = [
  ['u8', { type: u8, size: 1, make: (n) => n % 256, plain: itself, keyOf: Number }],
  ['f64', { type: f64, size: 8, make: (n) => n / 8, plain: itself, keyOf: Number }],
  ['i64', { type: i64, size: 8, make: (n) => -BigInt(n), plain: itself, keyOf: Number }],
  [
    'str(6)',
    {
      type: str(6),
      size: 6,
      make: (n) => n.toString(36),
      plain: itself,
      keyOf: (value) => parseInt(String(value), 36),
    },
  ],
  [
    'a struct',
    {
      type: Record as never,
      size: layoutOf(Record).size,
      make: (id) => ({ id, x: -id, name: id.toString(36) }),
      plain: (value) => (value as { toObject?: () => unknown }).toObject?.() ?? value,
      keyOf: (value) => (value as { id: number }).id,
    },
  ],
];

interface Setting {
  readonly allocator: Allocator;
  /** Whether there is room for a block of so many bytes, at every alignment; `undefined` where nobody can tell. */
  readonly hasRoom: (size: number) => boolean | undefined;
}

const fixed = (arena: Allocator & { remaining: number }): Setting => ({
  allocator: arena,
  hasRoom: (size) => (size + 8 <= arena.remaining ? true : undefined),
});

const SETTINGS: [string, () => Setting][] = [
  ['the heap', () => ({ allocator: heap, hasRoom: () => true })],
  ['a BumpArena', () => fixed(new BumpArena(4000))],
  ['a BumpArenaLazy', () => fixed(new BumpArenaLazy(4000))],
  ['a ScopedAllocator', () => fixed(new ScopedAllocator(heap, 4000))],
  ['an ArenaAllocator', () => ({ allocator: new MemoryArena(4096).allocator(), hasRoom: () => true })],
  [
    'a FreeList',
    () => ({
      allocator: new FreeList(heap, { blockSize: 250, align: 8, count: 300 }),
      hasRoom: (size) => size <= 250,
    }),
  ],
  [
    'a small FallbackAllocator',
    () => ({
      allocator: new FallbackAllocator(new BumpArena(200), new BumpArena(2000)),
      hasRoom: () => undefined,
    }),
  ],
];

/** What is live beside the Vec, and must stay as it is. */
interface Run extends Setting {
  readonly vec: Vec<unknown>;
  readonly kind: Kind;
  readonly model: unknown[];
  readonly others: { block: Buffer; value: number }[];
  next: number;
}

type Operation = (run: Run) => void;

const pick = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Whether the Vec could grow to so many elements; where it could not, there was no room. */
function expectGrown(run: Run, grown: boolean, count: number): void {
  const fits = run.hasRoom(count * run.kind.size);
  if (count <= run.vec.capacity || (fits === true && !grown)) {
    expect(grown).toBe(true);
  }
  if (fits === false) {
    expect(grown).toBe(false);
  }
}

const some = (run: Run, count: number): unknown[] => Array.from({ length: count }, () => run.kind.make(run.next++));

const push = fc.constant<Operation>((run) => {
  const [value] = some(run, 1);
  const index = run.vec.push(value);
  expectGrown(run, index >= 0, run.model.length + 1);
  if (index >= 0) {
    expect(index).toBe(run.model.push(run.kind.plain(value)) - 1);
  }
});

const extend = fc.tuple(fc.nat(20), fc.boolean()).map(([count, asSet]): Operation => (run) => {
  const values = some(run, count);
  const index = run.vec.extend(asSet ? new Set(values) : values);
  const added = asSet ? [...new Set(values)] : values;
  expectGrown(run, index >= 0, run.model.length + added.length);
  if (index >= 0) {
    expect(index).toBe(run.model.length);
    run.model.push(...added);
  }
});

const extendByElements = pick.map((at): Operation => ({ vec, model }) => {
  const elements = vec.elements as unknown as Float64Array | null;
  const from = Math.floor(at * model.length);
  const index = elements === null ? vec.extend(model.slice(from)) : vec.extend(elements.subarray(from));
  if (index >= 0) {
    expect(index).toBe(model.length);
    model.push(...model.slice(from));
  }
});

const refused = fc.constant<Operation>(({ vec, kind, next }) => {
  expect(codeOf(() => vec.push(Symbol.iterator))).toBe('ERR_INVALID_ARG_TYPE');
  expect(codeOf(() => vec.extend([kind.make(next), null]))).toBe('ERR_INVALID_ARG_TYPE');
});

const pop = fc.constant<Operation>(({ vec, model }) => {
  expect(vec.pop()).toEqual(model.pop());
});

const set = pick.map((at): Operation => (run) => {
  const { vec, model } = run;
  const index = Math.floor(at * (model.length + 1));
  const [value] = some(run, 1);
  const code = codeOf(() => {
    vec.set(index, value);
  });
  expect(code).toBe(index < model.length ? undefined : 'ERR_OUT_OF_RANGE');
  if (index < model.length) {
    model[index] = value;
  }
});

const reserve = fc.nat(300).map((count): Operation => (run) => {
  const before = run.vec.capacity;
  const done = run.vec.reserve(count);
  expectGrown(run, done, count);
  expect(run.vec.capacity).toBeGreaterThanOrEqual(done ? count : before);
});

const truncate = pick.map((at): Operation => ({ vec, model }) => {
  const length = Math.floor(at * (model.length + 1));
  vec.truncate(length);
  model.length = length;
});

const clear = fc.constant<Operation>(({ vec, model }) => {
  vec.clear();
  model.length = 0;
});

const sort = fc.boolean().map((isDown): Operation => ({ vec, model, kind }) => {
  const sign = isDown ? -1 : 1;
  // Many are equal, and keep their order.
  const compare = (a: unknown, b: unknown): number => sign * ((kind.keyOf(a) % 7) - (kind.keyOf(b) % 7));
  vec.sort(compare);
  model.sort(compare);
});

const sortByDefault = fc.constant<Operation>(({ vec, model }) => {
  if ((vec.elements as unknown) !== null) {
    vec.sort();
    model.sort((a, b) => ((a as number) < (b as number) ? -1 : 1));
  }
});

const other = fc.integer({ min: 1, max: 60 }).map((size): Operation => ({ allocator, others }) => {
  const block = allocator.alloc(size);
  if (block !== null) {
    const value = (others.length + 1) % 256;
    others.push({ block: block.fill(value), value });
  }
});

const freeOther = pick.map((at): Operation => ({ allocator, others }) => {
  const [entry] = others.splice(Math.floor(at * others.length), 1);
  if (entry !== undefined) {
    allocator.free(entry.block.fill(0));
  }
});

const operation = fc.oneof(
  { arbitrary: push, weight: 12 },
  { arbitrary: extend, weight: 5 },
  { arbitrary: extendByElements, weight: 2 },
  { arbitrary: pop, weight: 4 },
  { arbitrary: set, weight: 3 },
  { arbitrary: reserve, weight: 1 },
  { arbitrary: truncate, weight: 1 },
  { arbitrary: clear, weight: 1 },
  { arbitrary: sort, weight: 1 },
  { arbitrary: sortByDefault, weight: 1 },
  { arbitrary: refused, weight: 1 },
  { arbitrary: other, weight: 5 },
  { arbitrary: freeOther, weight: 3 },
);

function check({ vec, model, kind, others }: Run): void {
  expect([vec.length, vec.isEmpty]).toEqual([model.length, model.length === 0]);
  expect(vec.capacity).toBeGreaterThanOrEqual(model.length);
  expect([...vec].map(kind.plain)).toEqual(model);
  const elements = vec.elements as unknown as ArrayLike<unknown> | null;
  if (elements !== null) {
    expect(Array.from(elements)).toEqual(model);
  }
  for (const { block, value } of others) {
    expect(block.every((byte) => byte === value)).toBe(true);
  }
}

describe.each(SETTINGS)('A Vec in %s, by random operations,', (_name, make) => {
  it.each(KINDS)('behaves as an array of %s', (_kind, kind) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), fc.nat(10), (operations, capacity) => {
        const setting = make();
        const vec = Vec.newIn(setting.allocator, kind.type, capacity)!;
        const run: Run = { ...setting, vec, kind, model: [], others: [], next: 1 };
        for (const [i, apply] of operations.entries()) {
          apply(run);
          expect(vec.length).toBe(run.model.length);
          if (i % 8 === 7) {
            check(run);
          }
        }
        check(run);
        vec.free();
        expect(codeOf(() => vec.length)).toBe('ERR_OFFHEAP_STALE');
        check({ ...run, vec: Vec.newIn(heap, kind.type)!, model: [] });
      }),
      { numRuns: 60 },
    );
  });
});
