import { Writable } from 'node:stream';

import { array, bool, bytes, f64, str, struct, TypedArena, TypedArenaLazy, u32 } from '../../lib';

/** How much the heap grows at its most, in MiB, while `work` runs; with what garbage there is. */
function heapUsedBy(work: () => void): number {
  const before = process.memoryUsage().heapUsed;
  work();
  return (process.memoryUsage().heapUsed - before) / 2 ** 20;
}

describe('A field of many elements', () => {
  const COUNT = 10_000_000;
  const Flags = struct({ id: u32, flags: array(bool, COUNT) });

  it('takes no object for each when a record leaves it out', () => {
    const arena = new TypedArenaLazy(Flags, 2);
    expect(
      heapUsedBy(() => {
        expect(arena.push({ id: 5 })).toBe(0);
      }),
    ).toBeLessThan(40);
    const record = arena.at(0);
    record.flags[3] = true;
    expect(heapUsedBy(() => ((record as { flags: unknown }).flags = [true, true]))).toBeLessThan(40);
    expect([record.flags.at(1), record.flags.at(3), record.flags.at(-1), record.id]).toEqual([true, false, false, 5]);
    arena.dispose();
  });

  it('takes none when it is saved, nor when its class has a constructor', async () => {
    class Private extends struct({ flags: array(bool, COUNT), names: array(str(4), 3) }) {
      #reads = 0;
      read(i: number): [boolean | undefined, number] {
        return [this.flags.at(i), ++this.#reads];
      }
    }
    const arena = new TypedArenaLazy(Private, 1);
    expect(arena.alloc()!.read(COUNT - 1)).toEqual([false, 1]);
    let saved = 0;
    let heap = 0;
    const before = process.memoryUsage().heapUsed;
    const target = new Writable({
      write(chunk: Buffer, _encoding, done) {
        saved += chunk.length;
        heap = Math.max(heap, process.memoryUsage().heapUsed - before);
        done();
      },
    });
    await arena.save(target);
    expect(saved).toBeGreaterThan(COUNT);
    expect(heap).toBeLessThan(100 * 2 ** 20);
    arena.dispose();
  });
});

it('A struct of a gigabyte costs a lazy arena nothing until it is used', () => {
  const before = process.memoryUsage.rss();
  const arena = new TypedArenaLazy(struct({ id: u32, data: bytes(2 ** 30) }), 2);
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
  arena.dispose();
});

describe('An array of numbers', () => {
  const Big = struct({ before: u32, values: array(f64, 1000), after: u32 });

  it('is assigned a typed array of its kind, or a part, and no more', () => {
    const arena = new TypedArena(Big, 2);
    const record = arena.alloc({ before: 1, after: 2 })!;
    const assign = (value: unknown): unknown => ((record as { values: unknown }).values = value);
    assign(new Float64Array(1000).fill(1.5));
    expect([record.values[0], record.values[999], record.after]).toEqual([1.5, 1.5, 2]);
    assign(Float64Array.of(7));
    expect([record.values[0], record.values[1], record.values[999]]).toEqual([7, 0, 0]);
    expect(() => assign(new Float64Array(1001))).toThrow('values.length');
    assign(new Float32Array([1.5])); // of another kind: value by value
    expect(record.values[0]).toBe(1.5);
    expect([record.before, record.after]).toEqual([1, 2]);
  });

  it('does not read an endless iterable to its end', () => {
    const arena = new TypedArena(Big, 2);
    const endless = {
      *[Symbol.iterator]() {
        for (;;) {
          yield 1;
        }
      },
    };
    expect(() => arena.push({ values: endless })).toThrow('values.length');
    expect(arena.length).toBe(0);
  });
});

it('A struct of more fields than can be compiled is refused', () => {
  const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, u32]));
  expect(new TypedArena(struct(fields(4096)), 1).alloc({ f4095: 7 })!.toObject()).toMatchObject({ f0: 0, f4095: 7 });
  expect(() => struct(fields(4097))).toThrow('at most 4096 keys');
});
