import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';

import { pathToFileURL } from 'node:url';

import { bytes, MiB, text, type TypedArena, TypedArenaLazy, u32 } from '../../lib';
import { type Body, fillBodies, pieces, saved, TYPED } from './typed-support';

const folder = mkdtempSync(join(tmpdir(), 'offheap-records-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function newPath(): string {
  return join(folder, randomUUID());
}

describe.each(TYPED)('%s', (_title, { Arena, Body, Point, define }) => {
  function filled(count = 50): TypedArena<Body> {
    const arena = new Arena(Body, 100);
    fillBodies(arena, count);
    return arena;
  }

  const plain = (arena: TypedArena<Body>): unknown[] => Array.from(arena, (record) => record.toObject());

  describe('saves records and loads them again', () => {
    it('by the path of a file, or its URL', async () => {
      using arena = filled();
      for (const target of [newPath(), pathToFileURL(newPath())]) {
        await arena.save(target);
        using loaded = await Arena.load(Body, target);
        expect(plain(loaded)).toEqual(plain(arena));
        expect([loaded.length, loaded.capacity, loaded.used]).toEqual([50, 50, arena.used]);
        expect(loaded).toBeInstanceOf(Arena as unknown as new () => object);
        expect(loaded.at(0)).toBeInstanceOf(Body);
        expect(loaded.at(0).next!.next!.id).toBe(48);
        expect(loaded.at(2).label).toBe('größer größer  t2');
      }
    });

    it('by streams, and other iterables', async () => {
      using arena = filled();
      const path = newPath();
      await arena.save(createWriteStream(path));
      const file = await saved(arena);
      expect(readFileSync(path).equals(file)).toBe(true);
      const through = new PassThrough();
      const sources = [
        () => createReadStream(path, { highWaterMark: 7 }),
        () => Readable.from([file]),
        () => Readable.toWeb(createReadStream(path)) as AsyncIterable<Uint8Array>,
        () => [new Uint8Array(0), new Uint8Array(file), new Uint8Array(0)],
        () => pieces(file, 1),
        () => pieces(file, 13),
        () => Readable.from(pieces(file, 4099)),
        () => {
          void arena.save(through);
          return through;
        },
      ];
      for (const source of sources) {
        using loaded = await Arena.load(Body, source());
        expect(plain(loaded)).toEqual(plain(arena));
      }
    });

    it('when there are none', async () => {
      using arena = filled(0);
      const path = newPath();
      await arena.save(path);
      using loaded = await Arena.load(Body, path);
      expect([loaded.length, loaded.capacity, loaded.push({})]).toEqual([0, 0, -1]);
      using roomy = await Arena.load(Body, path, { count: 2 });
      expect([roomy.push({ id: 1, name: 'one' }), roomy.at(0).name]).toEqual([0, 'one']);
    });

    it('when they take no bytes', async () => {
      const Nothing = define({});
      using arena = new Arena(Nothing, 10);
      arena.push({});
      arena.push({});
      const file = await saved(arena);
      using loaded = await Arena.load(Nothing, [file]);
      expect([loaded.length, loaded.capacity]).toEqual([2, 2]);
    });

    it('into an arena with room for more, and with a drop hook', async () => {
      using arena = filled();
      const file = await saved(arena);
      const dropped: number[] = [];
      const loaded = await Arena.load(Body, [file], {
        count: 60,
        textBytes: 10_000,
        drop: ({ id }) => dropped.push(id),
      });
      expect([loaded.capacity, loaded.length, dropped]).toEqual([60, 50, []]);
      expect(loaded.push({ id: 50, name: 'x'.repeat(5000), next: loaded.at(49) })).toBe(50);
      expect(loaded.at(50).next!.next!.id).toBe(48);
      loaded.at(3).name = 'changed';
      expect(plain(loaded).slice(4, 50)).toEqual(plain(arena).slice(4));
      loaded.dispose();
      expect(dropped).toEqual(Array.from({ length: 51 }, (_, i) => 50 - i));
      using fewer = await Arena.load(Body, [file], { count: 1, textBytes: 1 });
      expect([fewer.capacity, fewer.length, fewer.at(49).tag]).toEqual([50, 50, 't49']);
      fewer.reset();
      expect(fewer.push({ name: 'again' })).toBe(0);
    });

    it('from one kind of arena to another, and once more', async () => {
      using arena = filled();
      const file = await saved(arena);
      using lazy = await TypedArenaLazy.load(Body, [file], { count: 1_000_000 });
      const again = await saved(lazy);
      expect(again.equals(file)).toBe(true);
      using third = await Arena.load(Body, [again]);
      expect(plain(third)).toEqual(plain(arena));
    });

    it('when they are many', async () => {
      using arena = new Arena(Point, 300_000);
      for (let id = 0; id < 300_000; id++) {
        arena.pushValues(id, -id, id % 2 === 0);
      }
      const path = newPath();
      await arena.save(path);
      using loaded = await Arena.load(Point, path, { count: 300_001 });
      expect(loaded.length).toBe(300_000);
      let wrong = 0;
      loaded.forEach(({ id, x, on }, index) => {
        wrong += id === index && x === -index && on === (index % 2 === 0) ? 0 : 1;
      });
      expect(wrong).toBe(0);
      expect(loaded.used).toBeGreaterThan(6 * MiB);
    });
  });

  it('saves and loads records, and texts, that are longer than what is written at once', async () => {
    const Long = define({ id: u32, name: text, data: bytes(1.5 * MiB) });
    using arena = new Arena(Long, 3, { textBytes: 4 * MiB });
    for (let id = 0; id < 3; id++) {
      arena.push({ id, name: 'ä'.repeat(0.5 * MiB), data: Buffer.alloc(1.5 * MiB, id + 1) });
    }
    const path = newPath();
    await arena.save(path);
    using loaded = await Arena.load(Long, path);
    for (const [id, record] of [...loaded].entries()) {
      expect([record.id, record.name === 'ä'.repeat(0.5 * MiB)]).toEqual([id, true]);
      expect(record.data.every((byte) => byte === id + 1)).toBe(true);
    }
    expect(loaded.used).toBe(arena.used);
  });
});
