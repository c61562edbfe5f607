import fc from 'fast-check';

import { type BumpArena, type Checkpoint, f64, i128, layoutOf, ref, self, u32, u8 } from '../../lib';
import { codeOf } from '../arena/support';
import { type Define, PLACING, type RecordOf } from '../arena/typed-support';

function definePlaced(define: Define) {
  const Leaf = define({ id: u32, small: u8 });
  const Node = define({ id: u32, x: f64, next: self, leaf: ref(() => Leaf) });
  const Wide = define({ id: u32, wide: i128 });
  return { Leaf, Node, Wide, Nothing: define({}) };
}

type Structs = ReturnType<typeof definePlaced>;
type Leaf = RecordOf<Structs['Leaf']>;
type Node = RecordOf<Structs['Node']>;

/** A live record: what was written to it, and how many checkpoints and scopes there were below it. */
interface Placed<R> {
  readonly record: R;
  readonly id: number;
  readonly offset: number;
  readonly depth: number;
  next: number | null;
  leaf: number | null;
}

interface Model {
  used: number;
  nodes: Placed<Node>[];
  leaves: Placed<Leaf>[];
  blocks: { block: Buffer; value: number }[];
  /** Those of scopes have no checkpoint. */
  frames: { checkpoint: Checkpoint | null; used: number }[];
  dead: (Node | Leaf)[];
  nextId: number;
}

interface Run {
  readonly arena: BumpArena;
  readonly model: Model;
  readonly structs: Structs;
}

type Operation = (run: Run) => void;

const CAPACITY = 3000;
const pick = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const choose = <T>(list: readonly T[], at: number): T | undefined => list[Math.floor(at * list.length)];

/** Where a record of this layout goes, or `null` where there is no room; then the arena has not changed. */
function reserve(model: Model, { size, align }: { size: number; align: number }): number | null {
  const offset = Math.ceil(model.used / align) * align;
  if (offset + size > CAPACITY) {
    return null;
  }
  if (size > 0) {
    model.used = offset + size;
  }
  return offset;
}

function add<R extends Node | Leaf>(
  list: Placed<R>[],
  model: Model,
  record: R,
  place: Omit<Placed<R>, 'record' | 'depth'>,
) {
  list.push({ ...place, record, depth: model.frames.length });
}

const placeLeaf = fc.constant<Operation>(({ arena, model, structs: { Leaf } }) => {
  const id = model.nextId++;
  const record = arena.place(Leaf, { id, small: id % 256 });
  const offset = reserve(model, layoutOf(Leaf));
  expect(record === null).toBe(offset === null);
  if (record !== null) {
    add(model.leaves, model, record, { id, offset: offset!, next: null, leaf: null });
  }
});

const placeNode = fc.tuple(pick, pick).map(([which, leafAt]): Operation => ({ arena, model, structs: { Node } }) => {
  const id = model.nextId++;
  const next = choose(model.nodes, which);
  const leaf = choose(model.leaves, leafAt);
  const record = arena.place(Node, { id, x: id / 2, next: next?.record ?? null, leaf: leaf?.record ?? null });
  const offset = reserve(model, layoutOf(Node));
  expect(record === null).toBe(offset === null);
  if (record !== null) {
    add(model.nodes, model, record, { id, offset: offset!, next: next?.id ?? null, leaf: leaf?.id ?? null });
  }
});

const placeOther = fc.boolean().map((wide): Operation => ({ arena, model, structs: { Wide, Nothing } }) => {
  const record = wide ? arena.place(Wide, { id: 1, wide: -1n }) : arena.place(Nothing);
  expect(record === null).toBe(reserve(model, layoutOf(wide ? Wide : Nothing)) === null);
});

const placeWrong = fc.constant<Operation>(({ arena, structs: { Node } }) => {
  expect(codeOf(() => arena.place(Node, { id: -1 }))).toMatch(/^ERR_OUT_OF_RANGE$|^undefined$/);
});

const relink = fc.tuple(pick, pick).map(([fromAt, toAt]): Operation => ({ model }) => {
  const from = choose(model.nodes, fromAt);
  const to = choose(model.nodes, toAt);
  if (from === undefined || to === undefined) {
    return;
  }
  const code = codeOf(() => (from.record.next = to.record));
  expect(code).toBe(to.depth > from.depth ? 'ERR_OFFHEAP_FOREIGN_BLOCK' : undefined);
  if (code === undefined) {
    from.next = to.id;
  }
});

const alloc = fc.integer({ min: 1, max: 200 }).map((size): Operation => ({ arena, model }) => {
  const block = arena.alloc(size);
  expect(block === null).toBe(reserve(model, { size, align: 8 }) === null);
  if (block !== null) {
    const value = model.nextId++ % 256;
    model.blocks.push({ block: block.fill(value), value });
  }
});

const free = pick.map((at): Operation => ({ arena, model }) => {
  const [entry] = model.blocks.splice(Math.floor(at * model.blocks.length), 1);
  if (entry !== undefined) {
    const { byteOffset: offset, length } = entry.block;
    arena.free(entry.block);
    model.used = offset + length === model.used ? offset : model.used;
  }
});

/** Gives up what was made since there were so many frames, and all memory from `used` on. */
function goBack(model: Model, used: number, depth: number): void {
  model.used = Math.min(model.used, used);
  const dies = ({ depth: of }: { depth: number }): boolean => of >= depth;
  model.dead.push(...[...model.nodes, ...model.leaves].filter(dies).map(({ record }) => record));
  model.nodes = model.nodes.filter((each) => !dies(each));
  model.leaves = model.leaves.filter((each) => !dies(each));
  model.blocks = model.blocks.filter(({ block }) => block.byteOffset + block.length <= model.used);
}

const checkpoint = fc.constant<Operation>(({ arena, model }) => {
  model.frames.push({ checkpoint: arena.checkpoint(), used: model.used });
});

const rewind = pick.map((at): Operation => ({ arena, model }) => {
  const frame = choose(model.frames, at);
  if (frame?.checkpoint != null) {
    arena.rewind(frame.checkpoint);
    const index = model.frames.indexOf(frame);
    model.frames.length = index + 1;
    goBack(model, frame.used, index + 1);
  }
});

const startOver = fc.constantFrom('reset', 'renew', 'resetUnsafe').map((way): Operation => ({ arena, model }) => {
  arena[way as 'reset']();
  model.frames = [];
  model.blocks = [];
  goBack(model, 0, 0);
});

const { operation } = fc.letrec<{ operation: Operation; scope: Operation }>((tie) => ({
  scope: fc.tuple(fc.array(tie('operation'), { maxLength: 6 }), fc.boolean()).map(([operations, fails]) => (run) => {
    const { arena, model } = run;
    const frame = { checkpoint: null, used: model.used };
    try {
      arena.scope(() => {
        model.frames.push(frame);
        for (const apply of operations) {
          apply(run);
        }
        if (fails) {
          throw new RangeError('from the scope');
        }
      });
    } catch (error) {
      if (!fails || !(error instanceof RangeError)) {
        throw error;
      }
    }
    const index = model.frames.indexOf(frame);
    if (index >= 0) {
      model.frames.length = index;
      goBack(model, frame.used, index + 1);
    }
  }),
  operation: fc.oneof(
    { maxDepth: 3 },
    { arbitrary: placeNode, weight: 8 },
    { arbitrary: placeLeaf, weight: 5 },
    { arbitrary: relink, weight: 4 },
    { arbitrary: alloc, weight: 4 },
    { arbitrary: free, weight: 3 },
    { arbitrary: checkpoint, weight: 3 },
    { arbitrary: rewind, weight: 2 },
    { arbitrary: placeOther, weight: 2 },
    { arbitrary: placeWrong, weight: 1 },
    { arbitrary: startOver, weight: 1 },
    { arbitrary: tie('scope'), weight: 2 },
  ),
}));

function check({ model }: Run): void {
  for (const { record, id, next, leaf } of model.nodes) {
    expect([record.id, record.x, record.next?.id ?? null, record.leaf?.id ?? null]).toEqual([id, id / 2, next, leaf]);
  }
  for (const { record, id } of model.leaves) {
    expect([record.id, record.small]).toEqual([id, id % 256]);
  }
  for (const { block, value } of model.blocks) {
    expect(block.every((byte) => byte === value)).toBe(true);
  }
  for (const record of model.dead) {
    expect(codeOf(() => record.id)).toBe('ERR_OFFHEAP_STALE');
  }
}

describe.each(PLACING)('%s.place, by random operations,', (_title, { Arena, define }) => {
  it('behaves as its model', () => {
    const structs = definePlaced(define);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100, size: 'max' }), (operations) => {
        using arena = new Arena(CAPACITY);
        const model: Model = { used: 0, nodes: [], leaves: [], blocks: [], frames: [], dead: [], nextId: 1 };
        const run: Run = { arena, model, structs };
        for (const [i, apply] of operations.entries()) {
          apply(run);
          expect(arena.used).toBe(model.used);
          if (i % 10 === 9) {
            check(run);
          }
        }
        check(run);
      }),
      { numRuns: 100 },
    );
  });
});
