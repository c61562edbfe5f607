import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { getHeapStatistics } from 'node:v8';

import {
  BumpArenaLazy,
  GiB,
  memoryLimit,
  memoryUsage,
  MiB,
  readInto,
  setMemoryLimit,
  struct,
  text,
  TypedArenaLazy,
} from '../../lib';
import { codeOf } from '../arena/support';

const SCRIPT = join(__dirname, 'limit.cjs');

interface Ran {
  readonly answer: Record<string, unknown>;
  readonly stderr: string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []): Ran {
  const [command, ...rest] = [...prefix, process.execPath, '--expose-gc', SCRIPT, ...args];
  const { status, stdout, stderr } = spawnSync(command!, rest, { encoding: 'utf8', env: { ...process.env, ...env } });
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  return { answer: JSON.parse(stdout) as Ran['answer'], stderr };
}

/** What the default is where the process may have so much. */
function expectedOf(constrained: number, heap = getHeapStatistics().heap_size_limit): number {
  return Math.floor(Math.min(Math.max(constrained - heap - 64 * MiB, constrained / 4), (constrained * 3) / 4));
}

/**
 * A mount namespace of its own in which the files of the memory controller say something else, so that Node reads a container's
 * limit where it always does. Nothing outside of it changes. Empty where that is not allowed here.
 */
function containerOf(bytes: number): string[] {
  const version1 = /^\d+:memory:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  const folder = version1 === undefined ? '/sys/fs/cgroup/$GROUP' : '/sys/fs/cgroup/memory/$GROUP';
  const files = version1 === undefined ? 'memory.max memory.high' : 'memory.limit_in_bytes memory.soft_limit_in_bytes';
  const group = version1 ?? /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
  const setUp = `GROUP='${group}'; mount -t tmpfs none /sys/fs/cgroup && mkdir -p "${folder}" && for file in ${files}; do echo ${bytes} > "${folder}/$file"; done && exec "$0" "$@"`;
  const prefix = ['unshare', '--mount', 'sh', '-c', setUp];
  return spawnSync(prefix[0]!, [...prefix.slice(1), 'true']).status === 0 ? prefix : [];
}

afterEach(() => {
  setMemoryLimit(Infinity);
});

describe('The limit by default', () => {
  it.each([256 * MiB, 512 * MiB, GiB, 4 * GiB].filter((bytes) => bytes < totalmem()))(
    'is what %d bytes leave beside the heap, in a process that may have no more',
    (bytes) => {
      const { answer } = run(['default', String(bytes)]);
      expect(answer).toEqual({ constrained: bytes, limit: expectedOf(bytes) });
    },
  );

  it.each(['0', 'absent', 'null', '18446744073709552000', '"much"', '-1', String(totalmem())])(
    'is none where process.constrainedMemory() is %s',
    (constrained) => {
      expect(run(['default', constrained]).answer['limit']).toBe('none');
    },
  );

  const inContainer = process.platform === 'linux' && containerOf(GiB).length > 0 ? it : it.skip;

  inContainer('is that of a container, by the files that Node reads', () => {
    const { answer } = run(['filled'], {}, containerOf(512 * MiB));
    const { limit, taken, charged } = answer as Record<string, number>;
    // V8's heap goes by the container's limit, too.
    expect(limit).toBeGreaterThanOrEqual(128 * MiB);
    expect(limit).toBeLessThanOrEqual(384 * MiB);
    expect(taken).toBe(Math.floor(limit! / MiB));
    expect(charged).toBeLessThanOrEqual(limit!);
  });

  it('is what OFFHEAP_MEMORY_LIMIT says, whatever the container', () => {
    const env = { OFFHEAP_MEMORY_LIMIT: '48m' };
    expect(run(['default', String(GiB)], env).answer['limit']).toBe(48 * MiB);
    expect(run(['filled'], env).answer).toEqual({ limit: 48 * MiB, taken: 48, charged: 48 * MiB });
    expect(run(['filled'], { OFFHEAP_MEMORY_LIMIT: '0' }).answer).toEqual({ limit: 0, taken: 0, charged: 0 });
  });

  it('is refused by the first who needs the addon where OFFHEAP_MEMORY_LIMIT is no size', () => {
    const code = `
      const { BumpArena, BumpArenaLazy, memoryLimit } = require(${JSON.stringify(join(__dirname, '../../dist'))});
      new BumpArena(10).alloc(10);
      for (const use of [() => new BumpArenaLazy(10), memoryLimit]) {
        try { use(); } catch (error) { console.log(error.code, error.message); }
      }`;
    const env = { ...process.env, OFFHEAP_MEMORY_LIMIT: 'half' };
    const { stdout } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env });
    const line =
      'ERR_INVALID_ARG_VALUE The argument "OFFHEAP_MEMORY_LIMIT" is invalid: ' +
      "expected a size such as 4g, 512m or 1073741824. Received 'half'\n";
    expect(stdout).toBe(line + line);
  });
});

describe('setMemoryLimit', () => {
  it('says what memoryLimit and memoryUsage answer', () => {
    expect(memoryLimit()).toBe(Infinity);
    for (const bytes of [0, 1, 123 * MiB, Number.MAX_SAFE_INTEGER, Infinity]) {
      setMemoryLimit(bytes);
      expect([memoryLimit(), memoryUsage().limit]).toEqual([bytes, bytes]);
    }
  });

  it.each([
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    ['1g', 'ERR_INVALID_ARG_TYPE'],
    [10n, 'ERR_INVALID_ARG_TYPE'],
    [-1, 'ERR_OUT_OF_RANGE'],
    [0.5, 'ERR_OUT_OF_RANGE'],
    [NaN, 'ERR_OUT_OF_RANGE'],
    [-Infinity, 'ERR_OUT_OF_RANGE'],
    [2 ** 53, 'ERR_OUT_OF_RANGE'],
  ])('refuses %p, and changes nothing', (bytes, code) => {
    setMemoryLimit(100 * MiB);
    expect(
      codeOf(() => {
        setMemoryLimit(bytes as number);
      }),
    ).toBe(code);
    expect(memoryLimit()).toBe(100 * MiB);
  });

  it('below what is in use leaves that as it is', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    const block = arena.alloc(8 * MiB)!.fill(7);
    const { committed } = arena;
    setMemoryLimit(MiB);
    expect(arena.alloc(committed)).toBeNull();
    expect(arena.allocOffset(committed)).toBe(-1);
    expect(block.every((byte) => byte === 7)).toBe(true);
    arena.renew(); // needs no more than there was
    expect(arena.alloc(8 * MiB)).toHaveLength(8 * MiB);
    setMemoryLimit(Infinity);
    expect(arena.alloc(committed)).toHaveLength(committed);
  });

  it('counts what is usable, and not what is reserved or was given back', () => {
    const before = memoryUsage().charged;
    const arena = new BumpArenaLazy(GiB);
    expect(memoryUsage().charged).toBeLessThanOrEqual(before);
    arena.alloc(3 * MiB);
    const { charged } = memoryUsage();
    expect(charged).toBeGreaterThanOrEqual(3 * MiB);
    arena.trim();
    expect(memoryUsage().charged).toBe(charged); // usable without another question
    arena.dispose();
    expect(memoryUsage().charged).toBeLessThanOrEqual(charged - 3 * MiB);
  });

  it('holds for all threads, whichever of them sets it', () => {
    const { answer } = run(['threads', String(GiB)]);
    expect(answer).toEqual({
      own: 40 * MiB,
      worker: { limit: 64 * MiB, taken: 24, charged: 64 * MiB },
      after: 40 * MiB,
      set: 128 * MiB,
      limit: 128 * MiB,
      more: 88,
    });
  });

  it('counts Buffers that have outlived an arena nobody disposed of', () => {
    const { answer } = run(['dropped']);
    expect(answer).toEqual({ committed: 0, charged: 40 * MiB, taken: 24, intact: true });
  });

  it('does not count plain ArrayBuffers', () => {
    expect(run(['plain']).answer).toEqual({ length: MiB, lazy: null, limit: 0 });
  });

  it('fills a BumpAlloc until there is more', () => {
    expect(run(['shared']).answer).toEqual({ taken: 8, refused: [null, -1], next: 8 });
  });

  it('lets offheap/global go on with Buffers of Node.js, and one warning that names it', () => {
    const { answer, stderr } = run(['global']);
    expect(answer['right']).toBe(true);
    expect(answer['charged']).toBeLessThanOrEqual(8 * MiB);
    expect(stderr.match(/OffheapWarning/g)).toHaveLength(1);
    expect(stderr).toMatch(
      /the memory limit of 8 MiB, of which [\d.]+ MiB are taken, has no room for a Buffer of 1 MiB: /,
    );
  });

  it('is named by the errors that it causes', async () => {
    using arena = new TypedArenaLazy(struct({ title: text }), 10, { textBytes: 64 * MiB });
    using bodies = new BumpArenaLazy(64 * MiB);
    arena.push({ title: 'a' });
    setMemoryLimit(0);
    const reason = /: the memory limit of 0 B, of which [\d.]+ \w+ are taken, has no room$/;
    const error: unknown = expect.objectContaining({
      code: 'ERR_OFFHEAP_FULL',
      message: expect.stringMatching(reason) as string,
    });
    expect(() => arena.push({ title: 'a'.repeat(MiB) })).toThrow(reason);
    const body = Readable.from([Buffer.alloc(MiB)], { objectMode: false });
    await expect(readInto(body, { arena: bodies })).rejects.toEqual(error);
    expect(arena.length).toBe(1);
  });
});
