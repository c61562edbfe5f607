import {
  array,
  BumpArena,
  BumpArenaLazy,
  bytes,
  type Checkpoint,
  KiB,
  ref,
  struct,
  TypedArenaLazy,
  u32,
} from '../../lib';
import { ARENAS, codeOf, DETACHES } from './support';

const Target = struct({ id: u32 });
const Linked = struct({ to: ref(() => Target) });

/** Takes the ArrayBuffer of an arena away, as byte streams do. */
async function steal(buffer: ArrayBuffer): Promise<void> {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(new Uint8Array(buffer, 0, 4));
      controller.close();
    },
  });
  await stream.getReader().read();
}

it('A link cannot be made to a record that somebody has taken away, read since or not', async () => {
  const arena = new BumpArena(4 * KiB);
  const target = arena.place(Target, { id: 77 })!;
  arena.checkpoint();
  await steal(arena.buffer);
  expect(codeOf(() => arena.place(Linked, { to: target }))).toBe('ERR_OFFHEAP_STALE');
});

it('A link to a record of a lazy arena outlives that', async () => {
  const arena = new BumpArenaLazy(4 * KiB);
  const target = arena.place(Target, { id: 77 })!;
  arena.checkpoint();
  await steal(arena.buffer);
  expect(arena.place(Linked, { to: target })!.to!.id).toBe(77);
  arena.dispose();
});

describe.each(ARENAS)('%s', (_name, Arena) => {
  it('frees blocks after going back to a checkpoint that was taken while a record failed to be placed', () => {
    const arena = new Arena(4 * KiB);
    const checkpoints: Checkpoint[] = [];
    expect(() =>
      arena.place(Target, {
        get id(): number {
          checkpoints.push(arena.checkpoint());
          throw new Error('from the getter');
        },
      }),
    ).toThrow('from the getter');
    arena.rewind(checkpoints[0]!);
    arena.free(arena.alloc(4)!);
    expect(arena.used).toBe(0);
    arena.dispose();
  });
});

it('TypedArenaLazy drops its records after a theft in a later round', async () => {
  const dropped: number[] = [];
  const Record = struct({ id: u32, hash: bytes(4), list: array(u32, 2) });
  const arena = new TypedArenaLazy(Record, 10, { drop: ({ id }) => void dropped.push(id) });
  arena.push({ id: 1 });
  expect(arena.at(0).hash).toHaveLength(4); // a view is given away, so reset() detaches it
  arena.reset();
  arena.push({ id: 2 });
  const record = arena.alloc({ id: 3 })!;
  await steal(record.hash.buffer as ArrayBuffer);
  expect([record.id, arena.at(0).id]).toEqual([3, 2]);
  arena.reset();
  expect(dropped).toEqual([1, 3, 2]);
  expect(arena.push({ id: 4 })).toBe(0);
  expect(DETACHES || arena.at(0).id === 4).toBe(true);
  arena.dispose();
});
