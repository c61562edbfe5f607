import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

// The variant is built with a flag that only these compilers have.
const describeWhereBuilt = process.platform === 'win32' ? describe.skip : describe;

describeWhereBuilt('a runtime that refuses external ArrayBuffers', () => {
  let folder = '';

  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'scripts', 'build-no-external.mjs')], { stdio: 'pipe' });
    folder = mkdtempSync(join(tmpdir(), 'offheap-no-external-'));
    cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
    const addon = join('build', 'Release', 'offheap.node');
    mkdirSync(join(folder, 'build', 'Release'), { recursive: true });
    copyFileSync(join(root, 'build', 'no-external', addon), join(folder, addon));
  }, 180_000);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the body of a function that gets the package as `offheap` returns in a process of its own. */
  function evaluate(body: (offheap: typeof import('../../lib')) => unknown): unknown {
    const script = `
      const offheap = require(${JSON.stringify(join(folder, 'dist', 'index.js'))});
      process.stdout.write(JSON.stringify((${body.toString()})(offheap)));
    `;
    const output = execFileSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    return JSON.parse(output);
  }

  test('every allocation throws ERR_OFFHEAP_EXTERNAL_BUFFERS, and changes nothing', () => {
    const seen = evaluate(({ BumpArenaLazy, OffheapError, MiB }) => {
      const arena = new BumpArenaLazy(MiB);
      const attempt = (allocate: () => unknown) => {
        try {
          return allocate();
        } catch (error) {
          return [error instanceof OffheapError, (error as { code?: unknown }).code, arena.used, arena.remaining];
        }
      };
      return [
        attempt(() => arena.alloc(10)),
        attempt(() => arena.alloc(10)),
        attempt(() => arena.allocZeroed(100)),
        attempt(() => arena.allocOffset(1)),
        attempt(() => arena.allocArray(Float64Array, 4)),
      ];
    });
    expect(seen).toEqual(Array(5).fill([true, 'ERR_OFFHEAP_EXTERNAL_BUFFERS', 0, 1 << 20]));
  });

  test('what needs no memory still works, and dispose leaves nothing', () => {
    const seen = evaluate(({ BumpArenaLazy, memoryUsage, MiB }) => {
      const arena = new BumpArenaLazy(MiB);
      for (let i = 0; i < 3; i++) {
        try {
          arena.alloc(10);
        } catch {
          // as in the test above
        }
        arena.rewind(arena.checkpoint());
        arena.resetUnsafe();
        arena.reset();
        arena.renew();
        arena.trim();
      }
      const { used, capacity } = arena;
      const full = arena.alloc(2 * MiB);
      const open = memoryUsage();
      arena.dispose();
      arena.dispose();
      const { reserved, committed, retired } = memoryUsage();
      return { used, capacity, full, wasReserved: open.reserved >= MiB, reserved, committed, retired };
    });
    expect(seen).toEqual({
      used: 0,
      capacity: 1 << 20,
      full: null,
      wasReserved: true,
      reserved: 0,
      committed: 0,
      retired: 0,
    });
  });

  test('the message names the arena that works there, and it does', () => {
    const seen = evaluate(({ BumpArena, BumpArenaLazy }) => {
      let message = '';
      try {
        new BumpArenaLazy(65536).alloc(1);
      } catch (error) {
        message = (error as Error).message;
      }
      return { message, length: new BumpArena(65536).alloc(10)!.length };
    });
    expect(seen).toEqual({ message: expect.stringContaining('BumpArena') as unknown, length: 10 });
  });
});
