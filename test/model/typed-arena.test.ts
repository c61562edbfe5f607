import fc from 'fast-check';

import {
  array,
  bytes,
  f64,
  i16,
  i32,
  type Init,
  KiB,
  oneOf,
  self,
  str,
  text,
  type TypedArena,
  u32,
  u64,
} from '../../lib';
import { codeOf } from '../arena/support';
import { type Define, type RecordOf, TYPED } from '../arena/typed-support';

function defineItem(define: Define) {
  return define({
    id: u32,
    x: f64,
    name: text,
    tag: str(6),
    kind: oneOf('a', 'b', 'c'),
    next: self,
    inner: define({ low: i32, high: u64, note: text }),
    data: bytes(3),
    list: array(i16, 2),
    marks: array(oneOf('x', 'y'), 3),
    texts: array(text, 2),
    links: array(self, 2),
  });
}

type Item = RecordOf<ReturnType<typeof defineItem>>;

/** What a record is, without memory; links are indices, as in `toObject()`. */
interface Plain {
  id: number;
  x: number;
  name: string;
  tag: string;
  kind: 'a' | 'b' | 'c';
  next: number | null;
  inner: { low: number; high: bigint; note: string };
  data: Buffer;
  list: Int16Array;
  marks: ('x' | 'y')[];
  texts: string[];
  links: (number | null)[];
}

interface Run {
  readonly arena: TypedArena<Item>;
  /** What the arena is, without memory. */
  readonly model: Plain[];
  readonly dropped: [number, unknown][];
  /** References of earlier rounds. */
  readonly stale: Item[];
}

const CAPACITY = 12;
const FULL = 'ERR_OFFHEAP_FULL';

// --- Values: partial, as init objects are -------------------------------------------------------------------------

/** A link is a number from 0 to 1, of the records that there are then; `null` is none. */
const link = fc.option(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { freq: 3 });
const string = fc.oneof(fc.string({ maxLength: 12, unit: 'grapheme' }), fc.constantFrom('', 'ö', '\u{1F600}', 'a\0b'));
const values = fc.record(
  {
    id: fc.nat({ max: 2 ** 32 - 1 }),
    x: fc.double({ noNaN: true }),
    name: string,
    tag: fc.constantFrom('', 'tag', 'sixsix', 'öäü'),
    kind: fc.constantFrom('a', 'b', 'c'),
    next: link,
    inner: fc.record(
      { low: fc.integer(), high: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), note: string },
      { requiredKeys: [] },
    ),
    data: fc.uint8Array({ maxLength: 3 }),
    list: fc.array(fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }), { maxLength: 2 }),
    marks: fc.array(fc.constantFrom('x' as const, 'y' as const), { maxLength: 3 }),
    texts: fc.array(string, { maxLength: 2 }),
    links: fc.array(link, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
type Values = typeof values extends fc.Arbitrary<infer V> ? V : never;

const FIELDS = ['id', 'x', 'name', 'tag', 'kind', 'next', 'inner', 'data', 'list', 'marks', 'texts', 'links'] as const;

function indexOf(at: number | null, { model }: Run): number | null {
  return at === null || model.length === 0 ? null : Math.floor(at * model.length);
}

function padded<T>(list: readonly T[] | undefined, length: number, zero: T): T[] {
  return Array.from({ length }, (_, i) => list?.[i] ?? zero);
}

function plainOf(given: Values, run: Run): Plain {
  const { id = 0, x = 0, name = '', tag = '', kind = 'a', next = null, inner = {}, data = [], list = [] } = given;
  return {
    ...{ id, x, name, tag, kind },
    next: indexOf(next, run),
    inner: { low: inner.low ?? 0, high: inner.high ?? 0n, note: inner.note ?? '' },
    data: Buffer.from(padded(Array.from(data), 3, 0)),
    list: Int16Array.from(padded(list, 2, 0)),
    marks: padded(given.marks, 3, 'x'),
    texts: padded(given.texts, 2, ''),
    links: padded(
      given.links?.map((each) => indexOf(each, run)),
      2,
      null,
    ),
  };
}

function initOf(given: Values, run: Run): Init<Item> {
  const { next, links, ...rest } = given;
  const record = (at: number | null): Item | null => {
    const index = indexOf(at, run);
    return index === null ? null : run.arena.at(index);
  };
  return {
    ...rest,
    ...(next === undefined ? {} : { next: record(next) }),
    ...(links === undefined ? {} : { links: links.map(record) }),
  };
}

// --- Operations ---------------------------------------------------------------------------------------------------

type Operation = (run: Run) => void;

/** Calls `change`; where that throws because there is no room for a text, nothing has changed. */
function unlessFull(change: () => unknown, then: () => void): void {
  const code = codeOf(change);
  expect([undefined, FULL]).toContain(code);
  if (code === undefined) {
    then();
  }
}

const add = fc.tuple(values, fc.constantFrom('push', 'alloc', 'pushValues')).map(([given, way]): Operation => (run) => {
  const { arena, model } = run;
  const plain = plainOf(given, run);
  const init = initOf(given, run);
  let answer: unknown;
  const adding = (): void => {
    if (way === 'pushValues') {
      const { data, list, marks, texts } = plain;
      const full = { ...plain, data, list, marks, texts, next: init.next ?? null, links: init.links ?? [] };
      answer = arena.pushValues(...FIELDS.map((name) => full[name]));
    } else {
      answer = way === 'push' ? arena.push(init) : arena.alloc(init);
    }
  };
  unlessFull(adding, () => {
    if (model.length === CAPACITY) {
      expect(answer).toBe(way === 'alloc' ? null : -1);
      return;
    }
    expect(way === 'alloc' ? arena.indexOf(answer as Item) : answer).toBe(model.length);
    model.push(plain);
  });
});

const WRONG: Init<Item>[] = [
  { id: -1 },
  { x: '1' as never },
  { name: 'not added', tag: 'too long' },
  { name: 'not added', links: [{} as never] },
  { inner: { note: 'not added', high: -1n } },
  { marks: ['x', 'x', 'x', 'x'] },
  { texts: ['not added', 5 as never] },
];

const addWrong = fc.constantFrom(...WRONG).map((init): Operation => ({ arena }) => {
  expect(codeOf(() => arena.push(init))).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/);
});

const pick = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const change = fc.tuple(pick, values, fc.constantFrom(...FIELDS)).map(([at, given, field]): Operation => (run) => {
  const { arena, model } = run;
  const index = indexOf(at, run);
  if (index === null) {
    return;
  }
  const plain = plainOf(given, run);
  const init = initOf(given, run);
  const zero = { next: null, inner: {}, data: Buffer.alloc(0), list: [], marks: [], texts: [], links: [] };
  const value = init[field] ?? (field in zero ? zero[field as keyof typeof zero] : plain[field]);
  unlessFull(
    () => Object.assign(arena.at(index), { [field]: value }),
    () => Object.assign(model[index]!, { [field]: plain[field] }),
  );
});

const changeParts = fc.tuple(pick, values).map(([at, given]): Operation => (run) => {
  const { arena, model } = run;
  const index = indexOf(at, run);
  if (index === null) {
    return;
  }
  const record = arena.at(index);
  const plain = model[index]!;
  const { id = 0, inner = {}, list = [], texts = [] } = given;
  record.list.set(list);
  plain.list.set(list);
  record.data[1] = plain.data[1] = id & 255;
  record.inner.low = plain.inner.low = inner.low ?? 0;
  record.marks[2] = plain.marks[2] = id % 2 === 0 ? 'x' : 'y';
  const [first = ''] = texts;
  unlessFull(
    () => (record.texts[1] = first),
    () => (plain.texts[1] = first),
  );
  unlessFull(
    () => (record.inner.note = first),
    () => (plain.inner.note = first),
  );
});

const visit = fc.constant<Operation>(({ arena, model }) => {
  arena.forEach((record, index) => {
    expect(record.id).toBe(model[index]!.id);
    record.x = model[index]!.x = index;
  });
});

const reset = fc.constant<Operation>(({ arena, model, dropped, stale }) => {
  stale.push(...arena);
  const expected = [...model.entries()].reverse();
  dropped.length = 0;
  arena.reset();
  expect(dropped).toEqual(expected);
  model.length = 0;
});

const operation = fc.oneof(
  { arbitrary: add, weight: 10 },
  { arbitrary: change, weight: 8 },
  { arbitrary: changeParts, weight: 4 },
  { arbitrary: addWrong, weight: 2 },
  { arbitrary: visit, weight: 1 },
  { arbitrary: reset, weight: 1 },
);

describe.each(TYPED)('%s, by random operations,', (_title, { Arena, define }) => {
  const Item = defineItem(define);

  it.each([100 * KiB, 90])('behaves as its model (%d bytes of texts)', (textBytes) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60, size: 'max' }), (operations) => {
        const dropped: [number, unknown][] = [];
        const drop = (record: Item, index: number): unknown => dropped.push([index, record.toObject()]);
        const arena = new Arena(Item, CAPACITY, { textBytes, drop });
        const run: Run = { arena, model: [], dropped, stale: [] };
        for (const apply of operations) {
          apply(run);
          expect([arena.length, arena.isEmpty]).toEqual([run.model.length, run.model.length === 0]);
        }
        expect(Array.from(arena, (record) => record.toObject())).toEqual(run.model);
        expect([...arena.column('name')]).toEqual(run.model.map(({ name }) => name));
        for (const record of run.stale) {
          expect(codeOf(() => record.x)).toBe('ERR_OFFHEAP_STALE');
        }
        const expected = [...run.model.entries()].reverse();
        dropped.length = 0;
        arena.dispose();
        expect(dropped).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});
