import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { memoryUsage, oneOf, self, str, text, u32 } from '../../lib';
import { pieces, rejectionOf, saved, TYPED } from './typed-support';

const folder = mkdtempSync(join(tmpdir(), 'offheap-records-'));
const missing = join(folder, 'missing');

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function errorFrom(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => new Error('Nothing was thrown'),
    (error: unknown) => error as Error,
  );
}

describe.each(TYPED)('%s.load refuses', (_title, { Arena, Point, define }) => {
  /** A struct whose file is small, and has everything that is checked. */
  const Small = define({ id: u32, next: self, name: text, kind: oneOf('a', 'b', 'c'), tag: str(2) });

  /** Loads what cannot be loaded, and checks that nothing is left of it. */
  async function refused(source: Parameters<typeof Arena.load>[1], Struct = Small): Promise<string | undefined> {
    const { reserved } = memoryUsage().kinds.typedArena;
    const drop = jest.fn();
    const loading = Arena.load(Struct, source, { drop }).then((arena) => {
      arena.dispose(); // there should be none
    });
    const code = await rejectionOf(loading);
    expect(drop).not.toHaveBeenCalled();
    // Less, where an arena of another test was collected meanwhile.
    expect(memoryUsage().kinds.typedArena.reserved).toBeLessThanOrEqual(reserved);
    return code;
  }

  async function smallFile(): Promise<Buffer> {
    using arena = new Arena(Small, 10);
    arena.push({ id: 1, name: 'one', kind: 'b', tag: 't' });
    arena.push({ id: 2, name: 'two', kind: 'c', next: arena.at(0) });
    return await saved(arena);
  }

  it('a file of another struct, and names both', async () => {
    const Other = define({ id: u32, next: self, name: text, kind: oneOf('a', 'b'), tag: str(2) });
    const file = await smallFile();
    expect(await refused([file], Other as unknown as typeof Small)).toBe('ERR_OFFHEAP_FORMAT');
    const { message } = await errorFrom(Arena.load(Other, [file]));
    expect(message).toContain('oneOf("a", "b"), tag');
    expect(message).toContain('oneOf("a", "b", "c"), tag');
  });

  it('a file that is cut off, wherever', async () => {
    const file = await smallFile();
    for (let length = 0; length < file.length; length++) {
      expect([length, await refused([file.subarray(0, length)])]).toEqual([length, 'ERR_OFFHEAP_FORMAT']);
    }
    using loaded = await Arena.load(Small, [file]);
    expect(loaded.length).toBe(2);
  });

  it('a file that goes on, and what is no such file', async () => {
    const file = await smallFile();
    const others = [
      [file, Buffer.alloc(1)],
      [file, file],
      [Buffer.alloc(1000)],
      [Buffer.alloc(1000, 255)],
      [Buffer.from('{"id":1}')],
      [Buffer.concat([file.subarray(0, 8), Buffer.alloc(4, 255), file])],
      [Buffer.concat([file.subarray(0, 12), Buffer.from(file.subarray(12).toString('latin1').replace('{', '['))])],
      [file.subarray(1)],
      [],
    ];
    for (const source of others) {
      expect(await refused(source)).toBe('ERR_OFFHEAP_FORMAT');
    }
  });

  it('a header that is damaged', async () => {
    const file = await smallFile();
    const header = JSON.parse(file.subarray(12, 12 + file.readUInt32LE(8)).toString()) as { count: number };
    const rest = file.subarray(12 + file.readUInt32LE(8));
    const withHeader = (changed: unknown): Buffer => {
      const json = Buffer.from(JSON.stringify(changed));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(json.length);
      return Buffer.concat([file.subarray(0, 8), length, json, rest]);
    };
    expect(header.count).toBe(2);
    using same = await Arena.load(Small, [withHeader(header)]);
    expect(same.length).toBe(2);
    for (const count of [-1, 1.5, '2', null, undefined, 1, 3, 1000, 2 ** 60]) {
      expect(await refused([withHeader({ ...header, count })])).toBe('ERR_OFFHEAP_FORMAT');
    }
    expect(await refused([withHeader({ ...header, endianness: 'XE' })])).toBe('ERR_OFFHEAP_FORMAT');
    for (const json of [null, 5, [], 'header', {}]) {
      expect(await refused([withHeader(json)])).toBe('ERR_OFFHEAP_FORMAT');
    }
    for (const count of [2 ** 53 - 1, 2 ** 50]) {
      expect(await refused([withHeader({ ...header, count })])).toMatch(/^ERR_OFFHEAP_(TOO_LARGE|OS|FORMAT)$/);
    }
  });

  it('links, texts and choices that cannot be', async () => {
    const file = await smallFile();
    const start = 12 + file.readUInt32LE(8);
    const [next, name, kind] = [start + 8, start + 16, start + 32];
    const { size } = { size: 40 };
    const damages: ((bytes: Buffer) => void)[] = [
      ...[-1, 0.5, 2, 2 * size + 1, 3 * size + 1, 1e300, NaN, Infinity, -Infinity, size + 2].map(
        (link) => (bytes: Buffer) => {
          bytes.writeDoubleLE(link, next);
        },
      ),
      ...[-1, 0.5, 4, 1e300, NaN, Infinity].map((offset) => (bytes: Buffer) => {
        bytes.writeDoubleLE(offset, name);
      }),
      (bytes) => {
        bytes.writeUInt32LE(4, name + 8);
      },
      (bytes) => {
        bytes.writeUInt32LE(2 ** 32 - 1, name + 8);
      },
      (bytes) => {
        bytes.writeUInt32LE(7, name + 12);
      },
      (bytes) => {
        bytes[kind] = 3;
      },
      (bytes) => {
        bytes[kind + size] = 255;
      },
    ];
    for (const [which, damage] of damages.entries()) {
      const damaged = Buffer.from(file);
      damage(damaged);
      expect([which, await refused([damaged])]).toEqual([which, 'ERR_OFFHEAP_FORMAT']);
    }
  });

  it('a link into the middle of a record', async () => {
    const file = await smallFile();
    const next = 12 + file.readUInt32LE(8) + 8;
    for (const offset of [8, 16, 32]) {
      file.writeDoubleLE(offset + 1, next);
      expect([offset, await refused([file])]).toEqual([offset, 'ERR_OFFHEAP_FORMAT']);
    }
  });

  it('texts of a struct that has none, and more than there are', async () => {
    using points = new Arena(Point, 1);
    const file = await saved(points);
    const damaged = Buffer.from(file);
    damaged.writeBigUInt64LE(5n, file.length - 16);
    expect(await refused([damaged], Point as unknown as typeof Small)).toBe('ERR_OFFHEAP_FORMAT');
    const small = await smallFile();
    small.writeBigUInt64LE(7n, small.length - 8 - 6 - 8);
    expect(await refused([small])).toBe('ERR_OFFHEAP_FORMAT');
  });

  it('a source that is none, or fails', async () => {
    const file = await smallFile();
    const failure = new Error('from the source');
    async function* failing(after: number): AsyncGenerator<Uint8Array> {
      yield* pieces(file.subarray(0, after), 5);
      await Promise.reject(failure);
    }
    for (const after of [0, 10, file.length - 1, file.length]) {
      expect(await refused(failing(after))).toBe(String(failure));
    }
    expect(await refused(missing)).toBe('ENOENT');
    expect(await refused(folder)).toBe('EISDIR');
    const destroyed = createReadStream(missing).on('error', () => undefined);
    destroyed.destroy();
    expect(await refused(destroyed)).toBeDefined();
    for (const source of [undefined, null, 5, {}, file, [1, 2], ['text'], [new ArrayBuffer(8)]]) {
      expect(await refused(source as never)).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(await rejectionOf(Arena.load({} as never, [file]))).toBe('ERR_INVALID_ARG_TYPE');
    for (const [options, code] of [
      [5, 'ERR_INVALID_ARG_TYPE'],
      [{ count: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ drop: 5 }, 'ERR_INVALID_ARG_TYPE'],
    ] as const) {
      expect(await rejectionOf(Arena.load(Small, [file], options as never))).toBe(code);
    }
  });

  it('and closes its source', async () => {
    const file = await smallFile();
    for (const [bytes, Struct] of [
      [file, Small],
      [file.subarray(1), Small],
      [file, Point],
    ] as const) {
      let closed = false;
      const source = (async function* () {
        try {
          await Promise.resolve();
          yield bytes;
          yield Buffer.alloc(0);
          yield Buffer.alloc(0);
        } finally {
          closed = true;
        }
      })();
      await Arena.load<object>(Struct, source).then(
        (arena) => {
          arena.dispose();
        },
        () => undefined,
      );
      expect(closed).toBe(true);
    }
  });
});
