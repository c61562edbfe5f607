import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PackedProject, ROOT, run } from './packed';

/** A program in one file with the binaries beside it, where there is no node_modules. */
describe('A bundled program', () => {
  let project: PackedProject;
  let target: string;

  beforeAll(() => {
    project = new PackedProject();
    project.write(
      'app.mjs',
      `import { Worker, isMainThread, workerData } from 'node:worker_threads';
       import { fileURLToPath } from 'node:url';
       import { BumpAlloc, BumpArenaLazy } from 'offheap';
       import 'offheap/global';
       if (isMainThread) {
         console.log(new BumpArenaLazy(2 ** 20).alloc(3).fill(7), Buffer.allocUnsafe(70001).buffer.byteLength > 70001);
         const alloc = new BumpAlloc();
         const here = process.argv[1];
         new Worker(here, { workerData: alloc.handle }).on('exit', () => console.log(alloc.allocated > 0));
       } else {
         BumpAlloc.attach(workerData).alloc(10);
       }`,
    );
    target = mkdtempSync(join(tmpdir(), 'offheap-bundle-'));
  }, 120_000);

  afterAll(() => {
    project.remove();
    rmSync(target, { recursive: true, force: true });
  });

  const CREATE_REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

  it.each([
    ['CommonJS', 'app.js', []],
    ['ESM', 'app.mjs', ['--format=esm', `--banner:js=${CREATE_REQUIRE}`]],
  ])('by esbuild to %s finds its binary', (_format, file, options) => {
    const out = join(target, file);
    const common = ['--bundle', '--platform=node', '--loader:.node=copy', '--log-level=warning'];
    // What is missing on this machine is no warning either: see lib/native/load.ts.
    const esbuild = join(ROOT, 'node_modules/.bin/esbuild');
    run(esbuild, ['app.mjs', ...common, ...options, `--outfile=${out}`], project.folder);
    expect(run(process.execPath, [out], target)).toBe('<Buffer 07 07 07> true\ntrue\n');
  });

  it('by ncc finds its binary', () => {
    const out = join(target, 'ncc');
    project.node(join(ROOT, 'node_modules/@vercel/ncc/dist/ncc/cli.js'), 'build', 'app.mjs', '-o', out);
    expect(run(process.execPath, [join(out, 'index.mjs')], target)).toBe('<Buffer 07 07 07> true\ntrue\n');
  });
});
