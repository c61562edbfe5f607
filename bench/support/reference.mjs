// Runs the C++ program of native/bench, which it builds at the first use with the compiler alone.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sources = new URL('../../native/bench/', import.meta.url);
const program = new URL('../../build/bench/reference', import.meta.url);

/**
 * Asks the C++ program right before and right after `work`, so that both see the same machine.
 *
 * @param {string[]} questions See native/bench/bench.cc.
 * @param {() => Promise<T>} work
 * @returns {Promise<[T, Record<string, import('./measure.mjs').Figure>]>} What `work` answered, and the figures: the mean
 * of both medians, and the better of both bests. No figures where there is no compiler.
 * @template T
 */
export async function besideCpp(questions, work) {
  const before = ask(questions);
  const result = await work();
  const after = ask(questions);
  const figures = Object.entries(before).map(([name, figure]) => [
    name,
    { median: (figure.median + after[name].median) / 2, best: Math.min(figure.best, after[name].best) },
  ]);
  return [result, Object.fromEntries(figures)];
}

function ask(questions) {
  return build() ? JSON.parse(execFileSync(fileURLToPath(program), questions, { encoding: 'utf8' })) : {};
}

let built;

function build() {
  built ??= isUpToDate() || compile();
  return built;
}

function isUpToDate() {
  const newest = Math.max(...readdirSync(sources).map((name) => statSync(new URL(name, sources)).mtimeMs));
  return existsSync(program) && statSync(program).mtimeMs > newest;
}

function compile() {
  mkdirSync(new URL('.', program), { recursive: true });
  const files = readdirSync(sources).filter((name) => name.endsWith('.cc'));
  const paths = files.map((name) => fileURLToPath(new URL(name, sources)));
  const compiler = process.env.CXX ?? 'g++';
  try {
    execFileSync(compiler, ['-O2', '-std=c++17', '-pthread', ...paths, '-o', fileURLToPath(program)], {
      stdio: 'pipe',
    });
    return true;
  } catch (error) {
    console.warn(`No C++ reference: ${compiler} cannot build native/bench (${error.code ?? error.stderr})`);
    return false;
  }
}
