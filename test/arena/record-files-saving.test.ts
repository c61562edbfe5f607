import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  createWriteStream,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

import { MiB, type TypedArena } from '../../lib';
import { codeOf } from './support';
import { type Body, fillBodies, type Point, rejectionOf, saved, TYPED } from './typed-support';

const folder = mkdtempSync(join(tmpdir(), 'offheap-records-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function newPath(): string {
  return join(folder, randomUUID());
}

describe.each(TYPED)('%s', (_title, { Arena, Body, Point, isLazy }) => {
  function filled(count = 50): TypedArena<Body> {
    const arena = new Arena(Body, 100);
    fillBodies(arena, count);
    return arena;
  }

  const plain = (arena: TypedArena<Body>): unknown[] => Array.from(arena, (record) => record.toObject());

  describe('while it saves', () => {
    /** Takes one chunk at a time, when it is told to. */
    class Slow extends Writable {
      readonly chunks: Buffer[] = [];
      #next: (() => void) | null = null;

      constructor() {
        super({ highWaterMark: 1 });
      }

      override _write(chunk: Buffer, _encoding: string, done: () => void): void {
        this.chunks.push(Buffer.from(chunk));
        this.#next = done;
      }

      /** Goes on until so many chunks have come, or all. */
      async take(chunks = Infinity): Promise<void> {
        while (!this.destroyed && this.chunks.length < chunks) {
          const next = this.#next;
          this.#next = null;
          next?.();
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    }

    it.each(['reset', 'dispose'] as const)('refuses to %s, and can be used', async (end) => {
      const dropped = jest.fn();
      const arena = new Arena(Body, 10, { drop: dropped });
      arena.push({ id: 1, name: 'one' });
      const slow = new Slow();
      const saving = arena.save(slow);
      await slow.take(1);
      expect(
        codeOf(() => {
          arena[end]();
        }),
      ).toBe('ERR_OFFHEAP_PINNED');
      expect([dropped.mock.calls.length, arena.length, arena.at(0).name]).toEqual([0, 1, 'one']);
      expect(arena.push({ id: 2 })).toBe(1);
      const [again] = await Promise.all([saved(arena), slow.take(), saving]);
      using loaded = await Arena.load(Body, [again]);
      expect(loaded.length).toBe(2);
      arena[end]();
      expect(dropped).toHaveBeenCalledTimes(2);
      arena.dispose();
    });

    it('leaves out what is added meanwhile, and links to it', async () => {
      using arena = new Arena(Body, 40_000, { textBytes: 4 * MiB });
      for (let id = 0; id < 20_000; id++) {
        arena.push({ id, name: `name ${id}`, tag: 'old' });
      }
      const slow = new Slow();
      const saving = arena.save(slow);
      await slow.take(2);
      const added = arena.alloc({ id: 20_001, name: 'added', next: arena.at(5) })!;
      for (const index of [0, 10_000, 19_999]) {
        arena.at(index).next = added;
        arena.at(index + (index === 0 ? 1 : -1)).next = arena.at(index);
        arena.at(index).name = 'x'.repeat(1000);
        arena.at(index).tag = 'new';
      }
      while (arena.push({ name: 'more and more' }) < 30_000) {
        // it grows
      }
      await Promise.all([slow.take(), saving]);
      using loaded = await Arena.load(Body, slow.chunks);
      expect(loaded.length).toBe(20_000);
      expect(loaded.at(19_999).next).toBeNull();
      expect([loaded.at(19_999).name, loaded.at(19_999).tag]).toEqual(['x'.repeat(1000), 'new']);
      expect(loaded.at(19_998).next!.id).toBe(19_999);
      let wrong = 0;
      for (const [index, record] of [...loaded].entries()) {
        const name = [0, 10_000, 19_999].includes(index) ? record.name : `name ${index}`;
        wrong += record.id === index && record.name === name && record.toObject().name === name ? 0 : 1;
      }
      expect(wrong).toBe(0);
      arena.reset();
    });

    it.each(['a file', 'a stream'])('leaves out what is added as soon as it was called, with %s', async (kind) => {
      using arena = filled(3);
      const path = newPath();
      const saving = arena.save(kind === 'a file' ? path : createWriteStream(path));
      arena.push({ id: 3 });
      arena.at(1).next = arena.at(3);
      await saving;
      using loaded = await Arena.load(Body, path);
      expect([loaded.length, loaded.at(1).next]).toEqual([3, null]);
    });

    it('gives whoever takes the chunks Buffers of their own', async () => {
      using arena = filled();
      const before = await saved(arena);
      const chunks: Buffer[] = [];
      const taker = new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(Buffer.from(chunk));
          chunk.fill(0);
          done();
        },
      });
      await arena.save(taker);
      expect(arena.at(49).tag).toBe('t49');
      expect(Buffer.concat(chunks).equals(before)).toBe(true);
      const after = await saved(arena);
      expect(after.equals(before)).toBe(true);
      using loaded = await Arena.load(Body, [before]);
      expect(plain(loaded)).toEqual(plain(arena));
    });
  });

  describe('where it cannot save', () => {
    it('leaves the old file, and no other', async () => {
      using arena = filled();
      const inner = mkdtempSync(join(folder, 'inner-'));
      const path = join(inner, 'records');
      await arena.save(path);
      const before = readFileSync(path);
      expect(await rejectionOf(arena.save(join(inner, 'missing', 'records')))).toBe('ENOENT');
      expect(await rejectionOf(arena.save(inner))).toMatch(/^E(ISDIR|EXIST|NOTEMPTY|PERM)$/);
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(inner)).toEqual(['records']);
      expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
      arena.at(0).id = 1000;
      await arena.save(path);
      expect(readFileSync(path).equals(before)).toBe(false);
      expect(readdirSync(inner)).toEqual(['records']);
      using loaded = await Arena.load(Body, path);
      expect(loaded.at(0).id).toBe(1000);
    });

    it('keeps what the old file was: a link, and whom it lets in', async () => {
      using arena = filled();
      const [path, link] = [newPath(), newPath()];
      await arena.save(path);
      chmodSync(path, 0o600);
      symlinkSync(path, link);
      arena.at(0).id = 1000;
      await arena.save(link);
      expect([lstatSync(link).isSymbolicLink(), statSync(path).mode & 0o777]).toEqual([true, 0o600]);
      using loaded = await Arena.load(Body, path);
      expect(loaded.at(0).id).toBe(1000);
    });

    it('reports what the stream does, and goes on', async () => {
      using arena = filled();
      const failure = new Error('from the stream');
      const failing = new Writable({
        write(_chunk, _encoding, done) {
          done(failure);
        },
      });
      expect(await rejectionOf(arena.save(failing))).toBe(String(failure));
      const destroyed = new PassThrough();
      destroyed.destroy();
      expect(await rejectionOf(arena.save(destroyed))).toMatch(/^ERR_STREAM/);
      expect(arena.at(49).tag).toBe('t49');
      expect((await saved(arena)).length).toBeGreaterThan(50);
      arena.reset();
    });

    /** With what a promise is rejected, unless that takes longer than anything here should. */
    const rejectionSoon = (promise: Promise<unknown>): Promise<string | undefined> =>
      Promise.race([
        rejectionOf(promise),
        new Promise<string>((resolve) => setTimeout(resolve, 500, 'is still waiting')),
      ]);

    it('takes no Buffer for a stream, though it has a method `write`', async () => {
      const arena = filled();
      expect(await rejectionSoon(arena.save(Buffer.alloc(1) as never))).toBe('ERR_INVALID_ARG_TYPE');
      arena.dispose();
    });

    it('does not wait for a stream that has ended', async () => {
      const arena = filled();
      const ended = new Writable({
        write(_chunk, _encoding, done) {
          done();
        },
      });
      ended.end();
      await finished(ended);
      expect(await rejectionSoon(arena.save(ended))).toMatch(/^ERR_STREAM/);
      arena.dispose();
    });

    it('refuses what is no target, and an arena that has ended', async () => {
      const arena = filled();
      for (const target of [undefined, null, 5, {}, { write: 5 }, new Set()]) {
        expect(await rejectionOf(arena.save(target as never))).toBe('ERR_INVALID_ARG_TYPE');
      }
      arena.dispose();
      expect(await rejectionOf(arena.save(newPath()))).toBe('ERR_OFFHEAP_DISPOSED');
      const inHook: (string | undefined)[] = [];
      const closed: TypedArena<Point> = new Arena(Point, 1, {
        drop() {
          void rejectionOf(closed.save(newPath())).then((code) => inHook.push(code));
        },
      });
      closed.push({});
      closed.reset();
      await new Promise((resolve) => setImmediate(resolve));
      expect(inHook).toEqual(['ERR_OFFHEAP_EXCLUSIVE']);
    });

    it('says that records which were taken away cannot be saved', async () => {
      using arena = filled();
      const stream = new ReadableStream({
        type: 'bytes',
        start(controller) {
          controller.enqueue(arena.at(0).data);
        },
      });
      await stream.getReader().read();
      const code = await rejectionOf(arena.save(new PassThrough().resume()));
      expect(code).toBe(isLazy ? undefined : 'ERR_OFFHEAP_STALE');
      arena.reset();
    });
  });
});
