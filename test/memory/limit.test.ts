import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import {
  BufferPool,
  BumpAlloc,
  BumpArenaLazy,
  GiB,
  KiB,
  memoryLimit,
  memoryUsage,
  MiB,
  setMemoryLimit,
  struct,
  TypedArenaLazy,
  u32,
} from '../../lib';

const DIST = join(__dirname, '../../dist/index.js');

afterEach(() => {
  setMemoryLimit(Infinity);
});

/** No more than there is, so that the least is refused. */
function forbidMore(): void {
  setMemoryLimit(memoryUsage().committed);
}

describe('The limit of memory', () => {
  it('is none where there is no container', () => {
    expect(memoryLimit()).toBe(Infinity);
  });

  it.each([
    ['0', 0],
    ['of 0.9 bytes', 0.9],
    ['of 1 MiB', MiB],
    ['beyond all memory', 2 ** 60],
  ])('can be %s', (_name, bytes) => {
    setMemoryLimit(bytes);
    expect(memoryLimit()).toBe(bytes > 2 ** 53 ? Infinity : Math.floor(bytes));
  });

  it.each([
    ['ERR_INVALID_ARG_TYPE', '1 MiB'],
    ['ERR_INVALID_ARG_TYPE', undefined],
    ['ERR_INVALID_ARG_TYPE', null],
    ['ERR_INVALID_ARG_TYPE', 1n],
    ['ERR_OUT_OF_RANGE', -1],
    ['ERR_OUT_OF_RANGE', NaN],
  ])('throws %s for %p, and stays as it was', (code, bytes) => {
    setMemoryLimit(5 * MiB);
    expect(() => {
      setMemoryLimit(bytes as number);
    }).toThrow(expect.objectContaining({ code }) as Error);
    expect(memoryLimit()).toBe(5 * MiB);
  });

  it('makes an arena full, which loses nothing, and goes on where the limit is raised or memory has come back', () => {
    const other = new BumpArenaLazy(GiB);
    other.alloc(64 * KiB);
    const arena = new BumpArenaLazy(GiB);
    const block = arena.alloc(64 * KiB)!.fill(7);
    forbidMore();
    const { used, committed } = arena;
    expect(arena.alloc(64 * KiB)).toBeNull();
    expect([arena.used, arena.committed]).toEqual([used, committed]);
    other.dispose();
    expect(arena.alloc(64 * KiB)).toHaveLength(64 * KiB);
    expect(arena.alloc(64 * KiB)).toBeNull();
    setMemoryLimit(Infinity);
    expect(arena.alloc(64 * KiB)).toHaveLength(64 * KiB);
    expect(block.every((byte) => byte === 7)).toBe(true);
    arena.dispose();
  });

  it('that is lower than what there is leaves it alone', () => {
    const arena = new BumpArenaLazy(GiB);
    const block = arena.alloc(1 * MiB)!.fill(7);
    setMemoryLimit(0);
    expect(block.every((byte) => byte === 7)).toBe(true);
    arena.reset();
    expect(arena.alloc(1 * MiB)).toHaveLength(1 * MiB);
    arena.renew();
    expect(arena.alloc(1 * MiB)).toHaveLength(1 * MiB);
    arena.dispose();
    expect(new BumpArenaLazy(GiB).alloc(1)).toBeNull();
  });

  const Point = struct({ x: u32, y: u32 });

  it.each<[string, () => unknown]>([
    ['BumpArenaLazy', () => new BumpArenaLazy(GiB).alloc(1)],
    ['TypedArenaLazy', () => new TypedArenaLazy(Point, 1000).alloc({ x: 1 })],
    ['BumpAlloc', () => BumpAlloc.withSize(GiB).alloc(1)],
    ['a BufferPool that answers null', () => new BufferPool({ whenFull: 'null' }).acquire(64 * KiB)],
  ])('refuses %s what it would need more, with null', (_name, use) => {
    forbidMore();
    expect(use()).toBeNull();
    setMemoryLimit(Infinity);
    expect(use()).not.toBeNull();
  });

  it('lets a BufferPool do what it does where the system refuses', () => {
    forbidMore();
    const pool = new BufferPool();
    expect(pool.acquire(64 * KiB)).toHaveLength(64 * KiB);
    pool.dispose();
  });

  it('is that of all threads, which count together', async () => {
    const program = `
      const { parentPort } = require('node:worker_threads');
      const { BumpArenaLazy, memoryLimit, setMemoryLimit } = require(${JSON.stringify(DIST)});
      const arena = new BumpArenaLazy(2 ** 30);
      const limit = memoryLimit();
      const block = arena.alloc(2 ** 26);
      parentPort.postMessage([limit, block.length, arena.alloc(2 ** 26)]);
      parentPort.once('message', () => {
        setMemoryLimit(2 ** 40);
        parentPort.postMessage(arena.alloc(2 ** 26).length);
      });`;
    setMemoryLimit(memoryUsage().committed + 96 * MiB);
    const limit = memoryLimit();
    const worker = new Worker(program, { eval: true });
    expect(await once(worker, 'message')).toEqual([[limit, 64 * MiB, null]]);
    expect(new BumpArenaLazy(GiB).alloc(64 * MiB)).toBeNull(); // the worker has most of it
    worker.postMessage(0);
    expect(await once(worker, 'message')).toEqual([64 * MiB]);
    expect(memoryLimit()).toBe(2 ** 40);
    await worker.terminate();
  });
});

describe('The default limit of memory', () => {
  const options: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8' };
  const run = (constrained: string, script: string): string =>
    execFileSync(
      process.execPath,
      ['-e', `process.constrainedMemory = ${constrained}; const offheap = require(${JSON.stringify(DIST)}); ${script}`],
      options,
    ).trim();
  const print = 'console.log(offheap.memoryLimit())';

  it('is three quarters of what a container may have', () => {
    expect(run('() => 512 * 2 ** 20', print)).toBe(String(384 * MiB));
  });

  it.each([
    ['answers 0', '() => 0'],
    ['answers undefined', '() => undefined'],
    ['answers more than the machine has', '() => 2 ** 64'],
    ['is not there', 'undefined'],
  ])('is none where process.constrainedMemory() %s', (_what, constrained) => {
    expect(run(constrained, print)).toBe('Infinity');
  });

  it('gives way to one that was set, and takes no other place later', () => {
    const script = `
      offheap.setMemoryLimit(5);
      new (require('node:worker_threads').Worker)(
        'process.constrainedMemory = () => 2 ** 20; console.log(require(' + ${JSON.stringify(JSON.stringify(DIST))} + ').memoryLimit())',
        { eval: true },
      );`;
    expect(run('() => 512 * 2 ** 20', script)).toBe('5');
  });

  it('answers null before the container is full, and works again when memory has come back', () => {
    const script = `
      const arena = new offheap.BumpArenaLazy(2 ** 30);
      let taken = 0;
      while (arena.alloc(2 ** 20) !== null) taken++;
      arena.dispose();
      console.log(taken, new offheap.BumpArenaLazy(2 ** 30).alloc(2 ** 20).length);`;
    expect(run('() => 256 * 2 ** 20', script)).toBe(`192 ${2 ** 20}`);
  });
});
