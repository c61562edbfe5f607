// Runs test files of this project, compiled, in a runtime that cannot run jest: mocha runs them, and what they take from jest
// comes from the packages that jest has it from. Called by scripts/test-portable.mjs, as
//
//   run.cjs <report.json> <file...>
//
// with OFFHEAP_RUNTIME as the name in differences.json, which says what is skipped, and OFFHEAP_EXEC_PATH as the program by which tests are to start child processes, where that is another one than this.
'use strict';

const { writeFileSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');

const { bind } = require('jest-each');
const { ModuleMocker } = require('jest-mock');
const { expect } = require('expect');
const Mocha = require('mocha');

const [reportFile, ...files] = process.argv.slice(2);
const DEFAULT_TIMEOUT_MS = 120_000;

if (process.env.OFFHEAP_EXEC_PATH) {
  process.execPath = process.env.OFFHEAP_EXEC_PATH;
}

/** Modules that belong to the test files and what they test; a file gets them anew. */
const MAIN = require.main.filename;
const ROOT = resolve(MAIN, '../../..');
const isOwn = (file) => file.startsWith(ROOT) && file !== MAIN && !file.endsWith('.node');

function isolated(load) {
  const cache = require.cache;
  const before = Object.entries(cache).filter(([file]) => isOwn(file));
  const clear = () =>
    Object.keys(cache)
      .filter(isOwn)
      .forEach((file) => delete cache[file]);
  clear();
  try {
    return load();
  } finally {
    clear();
    before.forEach(([file, module]) => (cache[file] = module));
  }
}

const mocker = new ModuleMocker(globalThis);
const jest = {
  fn: mocker.fn.bind(mocker),
  spyOn: mocker.spyOn.bind(mocker),
  restoreAllMocks: () => mocker.restoreAllMocks(),
  isolateModules: isolated,
  requireActual: (id) => require(resolve(currentFolder, id)),
  setTimeout() {},
};

const differences = require('./differences.json')[process.env.OFFHEAP_RUNTIME] ?? [];

/** What is known to be otherwise here, and is the reason not to run a test, or to let it fail so many times before. */
function differenceOf(test) {
  return differences.find(({ tests }) => tests.some((pattern) => new RegExp(pattern).test(test)));
}

/** Marks the tests of a suite that are skipped, with the reasons, and those that are tried again. */
function mark(suite, name) {
  for (const test of suite.tests) {
    const difference = differenceOf(`${name}: ${test.fullTitle()}`);
    if (difference?.retries !== undefined) {
      test.retries(difference.retries);
    } else if (difference !== undefined) {
      test.pending = true;
      test.why = difference.what;
    }
  }
  suite.suites.forEach((each) => mark(each, name));
}

/** jest's functions by mocha's. */
function globals(mocha) {
  const timed = (register) => (title, run, timeoutMs) => {
    const made = register(title, run === undefined ? undefined : () => run());
    made?.timeout?.(timeoutMs ?? DEFAULT_TIMEOUT_MS);
  };
  const hook = (register) => (run, timeoutMs) =>
    register(function () {
      this.timeout(timeoutMs ?? DEFAULT_TIMEOUT_MS);
      return run();
    });
  const withEach = (base, skip) =>
    Object.assign(base, { each: bind(base, false), skip: Object.assign(skip, { each: bind(skip, false) }) });
  const it = withEach(timed(mocha.it), timed(mocha.it.skip));
  const describe = withEach(
    (title, suite) => mocha.describe(title, () => void suite()),
    (title, suite) => mocha.describe.skip(title, () => void suite()),
  );
  return {
    describe,
    expect,
    it,
    jest,
    test: it,
    beforeAll: hook(mocha.before),
    beforeEach: hook(mocha.beforeEach),
    afterAll: hook(mocha.after),
    afterEach: hook(mocha.afterEach),
  };
}

let currentFolder = '';
const results = { passed: 0, skipped: [], failed: [] };

async function runFile(path) {
  const name = path.replace(/^test\/(.*)\.test\.js$/, '$1');
  const difference = differenceOf(`${name}: `);
  if (difference !== undefined && difference.retries === undefined) {
    results.skipped.push(`${name}: ${difference.what}`);
    return;
  }
  const file = join(ROOT, path);
  console.log(`RUN  ${name}`);
  const mocha = new Mocha({ reporter: 'base' });
  const registered = {};
  mocha.suite.emit('pre-require', registered, file, mocha);
  Object.assign(globalThis, globals(registered));
  Object.keys(require.cache)
    .filter(isOwn)
    .forEach((each) => delete require.cache[each]);
  currentFolder = dirname(file);
  const started = Date.now();
  const failures = [];
  try {
    require(file);
  } catch (error) {
    failures.push(['cannot be loaded', String(error?.stack ?? error)]);
  }
  mark(mocha.suite, name);
  await new Promise((done) => {
    const runner = mocha.run(done);
    runner.on('pass', () => (results.passed += 1));
    runner.on('pending', (test) =>
      results.skipped.push(`${name}: ${test.fullTitle()}${test.why ? `: ${test.why}` : ''}`),
    );
    runner.on('fail', (test, error) => failures.push([test.fullTitle(), String(error?.stack ?? error)]));
  });
  mocha.dispose();
  results.failed.push(...failures.map(([title]) => `${name}: ${title}`));
  console.log(`${failures.length === 0 ? 'PASS' : 'FAIL'} ${name} (${Date.now() - started} ms)`);
  for (const [title, stack] of failures) {
    console.log(`  ● ${title}\n${stack.replace(/^/gm, '    ')}`);
  }
}

(async () => {
  for (const file of files) {
    await runFile(file);
  }
  const facts = require('./facts.cjs')();
  const { bun, deno, node } = process.versions;
  const runs = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
  writeFileSync(
    reportFile,
    JSON.stringify({ runs: `${runs}, ${process.platform}-${process.arch}`, facts, ...results }),
  );
  process.exit(results.failed.length === 0 ? 0 : 1);
})();
