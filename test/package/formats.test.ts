import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { PackedProject, ROOT } from './packed';

/** By entry of the package (`use` is the root), what a project writes in TypeScript. It has no Fastify. */
const TYPED = {
  use: `import { BumpArena, BumpArenaLazy, KiB, OffheapError, type BumpArenaOptions, type Checkpoint } from 'offheap';
     import { array, f32, type Init, oneOf, struct, TypedArena, u32 } from 'offheap';
     const options: BumpArenaOptions = { zeroed: true };
     const arena: BumpArena = new BumpArenaLazy(4 * KiB, options);
     const block: Buffer | null = arena.alloc(10);
     const floats: Float64Array | null = arena.allocArray(Float64Array, 3);
     const checkpoint: Checkpoint = arena.checkpoint();
     arena.rewind(checkpoint);
     const length: number = arena.scope((inner) => inner.used);
     class Body extends struct({ id: u32, kind: oneOf('a', 'b'), at: array(f32, 2) }) {}
     const init: Init<Body> = { kind: 'b' };
     const body: Body | null = new TypedArena(Body, 10).alloc(init);
     const values: ['a' | 'b' | undefined, Float32Array | undefined] = [body?.kind, body?.at];
     // @ts-expect-error there is no such field
     new TypedArena(Body, 10).push({ idd: 1 });
     // @ts-expect-error a size is a number
     arena.alloc('10');
     // @ts-expect-error what is internal is not there
     arena.region;
     export { block, floats, length, values, OffheapError };`,
  global: `import { BumpAlloc, MiB } from 'offheap';
     import { installGlobal, uninstall } from 'offheap/global';
     import * as all from 'offheap/global';
     const install: (alloc?: BumpAlloc) => void = installGlobal;
     const names: keyof typeof all = 'uninstall' as 'installGlobal' | 'uninstall';
     installGlobal();
     installGlobal(BumpAlloc.withSize(1 * MiB));
     const nothing: void = uninstall();
     // @ts-expect-error a size is no BumpAlloc
     installGlobal(1024);
     // @ts-expect-error neither is its handle
     installGlobal(new BumpAlloc().handle);
     // @ts-expect-error the root does not have it
     import { installGlobal as other } from 'offheap';
     export { install, names, nothing };`,
  fastify: `import plugin, { requestArenaPlugin, type RequestArenaOptions, type WithArena } from 'offheap/fastify';
     import { requestArena, type RequestArena } from 'offheap';
     const same: typeof plugin = requestArenaPlugin;
     const options: RequestArenaOptions = { idleMs: 1 };
     const arena = (request: WithArena<{ raw: object }>): RequestArena => request.arena;
     const express = (request: Express.Request): RequestArena => request.arena;
     // @ts-expect-error there is no such option
     requestArena({ idle: 1 });
     export { arena, express, options, same };`,
  dashboard: `import { createServer } from 'node:http';
     import { type Dashboard, dashboard, type DashboardServer, startDashboard } from 'offheap/dashboard';
     const handler: Dashboard = dashboard({ path: '/memory', intervalMs: 500 });
     createServer(handler);
     const started: Promise<DashboardServer> = startDashboard({ port: 0 });
     // @ts-expect-error a port is a number
     startDashboard({ port: '80' });
     // @ts-expect-error the root does not have it
     import { dashboard as other } from 'offheap';
     export { started };`,
};

describe('The packed package', () => {
  let project: PackedProject;

  beforeAll(() => {
    project = new PackedProject();
  }, 120_000);

  afterAll(() => {
    project.remove();
  });

  /** Type-checks files; an error says what the compiler has said. */
  const compile = (resolution: string, files: string[]): void => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const module = resolution === 'bundler' ? 'esnext' : 'node16';
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ];
    try {
      project.node(tsc, ...options, ...types, ...files);
    } catch (error) {
      throw new Error((error as { stdout: string }).stdout, { cause: error });
    }
  };

  it('holds what is needed and nothing else', () => {
    const paths = project.packed.files.map(({ path }) => path);
    const wanted =
      /^(dist|docs)\/|^prebuilds\/[a-z0-9]+-[a-z0-9]+\/offheap\.(node|json)$|^native\/((binding|vm)\/)?\w+\.(cc|h)$|^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|binding\.gyp)$|^scripts\/build-native\.mjs$/;
    expect(paths.filter((path) => !wanted.test(path))).toEqual([]);
    expect(paths.filter((path) => /^dist\/.*(?<!\.js|\.mjs|\.d\.ts|\.d\.mts|\.html)$/.test(path))).toEqual([]);
    expect(paths).toContain(`prebuilds/${process.platform}-${process.arch}/offheap.node`);
    const wrappers = ['index.mjs', 'global/index.mjs', 'monitor/dashboard/index.mjs', 'server/fastify.mjs'];
    const others = ['docs/global.md', 'docs/assets/memory-map.svg'];
    expect(paths).toEqual(expect.arrayContaining([...wrappers.map((file) => `dist/${file}`), ...others]));
  });

  it('is smaller than 1 MB with the binaries for all platforms', () => {
    const prebuilds = join(project.folder, 'node_modules/offheap/prebuilds');
    const binaries = readdirSync(prebuilds).map(
      (platform) => gzipSync(readFileSync(join(prebuilds, platform, 'offheap.node'))).byteLength,
    );
    const rest = project.packed.size - binaries.reduce((sum, size) => sum + size, 0);
    // What this machine cannot make is no larger than the largest that it can.
    expect(rest + 6 * Math.max(...binaries)).toBeLessThan(1e6);
    expect(project.packed.size).toBeLessThan(1e6);
  });

  it('is used from CommonJS', () => {
    const file = project.write(
      'use.cjs',
      `const { BumpArenaLazy, MiB, struct, TypedArenaLazy, u32 } = require('offheap');
       const arena = new BumpArenaLazy(64 * MiB);
       console.log(arena.alloc(3).fill(7), new TypedArenaLazy(struct({ id: u32 }), 10).alloc({ id: 7 }).id);`,
    );
    expect(project.node(file)).toBe('<Buffer 07 07 07> 7\n');
  });

  it('is used from ESM', () => {
    const file = project.write(
      'use.mjs',
      `import { BumpArenaLazy, memoryUsage, MiB, struct, TypedArena, u32 } from 'offheap';
       const arena = new BumpArenaLazy(64 * MiB);
       const record = new TypedArena(struct({ id: u32 }), 10).alloc({ id: 8 });
       console.log(arena.alloc(3).fill(8), memoryUsage().reserved >= 64 * MiB, record.id);`,
    );
    expect(project.node(file)).toBe('<Buffer 08 08 08> true 8\n');
  });

  it('has one copy of every class when both are mixed', () => {
    const file = project.write(
      'mix.mjs',
      `import { createRequire } from 'node:module';
       import * as imported from 'offheap';
       const required = createRequire(import.meta.url)('offheap');
       const names = Object.keys(required);
       console.log(names.length > 5, names.every((name) => imported[name] === required[name]));`,
    );
    expect(project.node(file)).toBe('true true\n');
  });

  it.each([
    ['node16', ['.mts', '.cts']],
    ['bundler', ['.ts']],
  ])('is used from TypeScript with %s resolution in %j, every entry of it', (resolution, extensions) => {
    const files = extensions.flatMap((extension) =>
      Object.entries(TYPED).map(([entry, source]) => project.write(`${entry}${extension}`, source)),
    );
    compile(resolution, files);
  });

  it.each([
    ['CommonJS', 'fastify.cjs', "const all = require('offheap/fastify'); const plugin = all.default;"],
    ['ESM', 'fastify.mjs', "import plugin from 'offheap/fastify'; import * as all from 'offheap/fastify';"],
  ])('has one plugin for Fastify by two names in %s', (_format, name, imports) => {
    const text = `${imports}
       const { requestArenaPlugin } = all;
       const symbols = ['skip-override', 'fastify.display-name'].map((name) => plugin[Symbol.for(name)]);
       console.log(plugin === requestArenaPlugin, typeof plugin, ...symbols);`;
    expect(project.node(project.write(name, text))).toBe('true function true offheap\n');
  });

  // A Buffer of a size that no pool of Node's has is on an ArrayBuffer of that size, unless it is routed.
  const ROUTED = 'Buffer.allocUnsafe(70001).buffer.byteLength > 70001';

  it.each([
    [
      'CommonJS',
      'global.cjs',
      `const { BumpAlloc } = require('offheap');
       const { installGlobal, uninstall } = require('offheap/global');`,
    ],
    [
      'ESM',
      'global.mjs',
      `import { BumpAlloc } from 'offheap';
       import { installGlobal, uninstall } from 'offheap/global';`,
    ],
    [
      'both',
      'global-mixed.mjs',
      `import { createRequire } from 'node:module';
       import { installGlobal } from 'offheap/global';
       const { BumpAlloc } = createRequire(import.meta.url)('offheap');
       const { uninstall } = createRequire(import.meta.url)('offheap/global');`,
    ],
  ])('routes Buffers from %s', (_format, name, imports) => {
    const file = project.write(
      name,
      `${imports}
       const routed = [${ROUTED}];
       uninstall();
       routed.push(${ROUTED});
       const alloc = BumpAlloc.withSize(2 ** 20);
       installGlobal(alloc);
       console.log(...routed, alloc.owns(Buffer.allocUnsafe(10)), alloc.owns(Buffer.concat([Buffer.from('a')])));`,
    );
    expect(project.node(file)).toBe('true false true true\n');
  });

  it.each(['--import', '-r'])('routes Buffers by %s offheap/global, in workers too', (flag) => {
    const file = project.write(
      'routed.cjs',
      `const { isMainThread, Worker } = require('node:worker_threads');
       console.log(${ROUTED});
       if (isMainThread) new Worker(__filename);`,
    );
    expect(project.node(flag, 'offheap/global', file)).toBe('true\ntrue\n');
    expect(project.node(file)).toBe('false\nfalse\n');
  });

  it.each([
    [
      'CommonJS',
      'dashboard.cjs',
      `const { BufferPool } = require('offheap'); const { startDashboard } = require('offheap/dashboard');`,
    ],
    [
      'ESM',
      'dashboard.mjs',
      `import { BufferPool } from 'offheap'; import { startDashboard } from 'offheap/dashboard';`,
    ],
    [
      'both',
      'dashboard-mixed.mjs',
      `import { createRequire } from 'node:module';
       import { startDashboard } from 'offheap/dashboard';
       const { BufferPool } = createRequire(import.meta.url)('offheap');`,
    ],
  ])('serves a dashboard from %s, with the pools of the program', (_format, name, imports) => {
    const file = project.write(
      name,
      `${imports}
       const pool = new BufferPool({ name: 'shown' });
       startDashboard().then(async ({ url, close }) => {
         const { body } = await fetch(url + '?events=1');
         const { value } = await body.getReader().read();
         console.log(new TextDecoder().decode(value).includes('"name":"shown"'));
         await close();
       });`,
    );
    expect(project.node(file)).toBe('true\n');
  });

  it('loads what a dashboard needs with the dashboard alone', () => {
    const file = project.write(
      'modules.cjs',
      `const loaded = () => process.moduleLoadList.filter((name) => /^NativeModule (http|perf_hooks)$/.test(name)).length;
       const before = loaded();
       require('offheap');
       console.log(loaded() - before);
       require('offheap/dashboard');
       console.log(loaded() > before);`,
    );
    expect(project.node(file)).toBe('0\ntrue\n');
  });

  it('opens no addon when it is imported, nor for an eager arena', () => {
    const file = project.write(
      'eager.cjs',
      `const { BumpArena } = require('offheap');
       new BumpArena(1000).alloc(10);
       console.log(process.report.getReport().sharedObjects.some((path) => path.includes('offheap.node')));
       const { BumpArenaLazy } = require('offheap');
       new BumpArenaLazy(1000);
       console.log(process.report.getReport().sharedObjects.some((path) => path.includes('offheap.node')));`,
    );
    expect(project.node(file)).toBe('false\ntrue\n');
  });

  it('is used in the tests of a project, by jest', () => {
    project.write(
      'use.test.js',
      `const { BumpArenaLazy, MiB } = require('offheap');
       test('allocates', () => {
         expect(new BumpArenaLazy(64 * MiB).alloc(3).fill(7)).toEqual(Buffer.from([7, 7, 7]));
       });`,
    );
    // Fails where a test does.
    project.node(join(ROOT, 'node_modules/jest/bin/jest.js'), '--rootDir', project.folder, 'use.test.js');
  });

  it('says what was looked for on a platform that it has no binary for', () => {
    const file = project.write(
      'unknown.cjs',
      `Object.defineProperty(process, 'arch', { value: 'loong64' });
       const { BumpArena, BumpArenaLazy } = require('offheap');
       console.log(new BumpArena(10).alloc(1).length);
       try { new BumpArenaLazy(10); } catch (error) { console.log(error.code, error.message); }`,
    );
    const output = project.node(file);
    expect(output).toMatch(/^1\nERR_OFFHEAP_ADDON offheap found no addon/);
    expect(output).toContain('build/Release/offheap.node: Cannot find module');
    const folder = `prebuilds/${process.platform}-loong64`;
    expect(output).toContain(`${folder}/offheap.node: the package has no binary for this platform`);
    expect(output).toContain('npm run build:native');
  });

  it('says what was tried and what helps where it has no addon', () => {
    const addon = join(project.folder, 'node_modules/offheap/prebuilds');
    rmSync(addon, { recursive: true });
    const file = project.write(
      'missing.cjs',
      `const { BumpArena, BumpArenaLazy, memoryUsage } = require('offheap');
       console.log(new BumpArena(10).alloc(1).length, memoryUsage().reserved);
       try { new BumpArenaLazy(10); } catch (error) { console.log(error.code, error.message); }`,
    );
    const output = project.node(file);
    expect(output).toMatch(/^1 0\nERR_OFFHEAP_ADDON offheap found no addon/);
    expect(output).toContain(`prebuilds/${process.platform}-${process.arch}/offheap.node: Cannot find module`);
    expect(output).toContain('npm run build:native');
  });
});

it('The ESM wrapper of the plugin for Fastify is no second copy', () => {
  const text = readFileSync(join(ROOT, 'dist/server/fastify.mjs'), 'utf8');
  expect([...text.matchAll(/from '(.*)'/g)].map(([, file]) => file)).toEqual(['./fastify.js', './fastify.js']);
});

it.each(['index.mjs', 'global/index.mjs', 'monitor/dashboard/index.mjs'])(
  'The ESM wrapper %s is no second copy',
  (wrapper) => {
    const lines = readFileSync(join(ROOT, 'dist', wrapper), 'utf8').split('\n');
    expect(lines.filter((line) => line !== '' && !line.startsWith('//'))).toEqual(["export * from './index.js';"]);
  },
);
