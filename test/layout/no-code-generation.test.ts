import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

// A policy of this kind holds for a whole process, so the built package runs in one of its own, with the policy and without.
const PACKAGE = resolve(__dirname, '../../dist/index.js');

const PROGRAM = join(__dirname, 'no-code-generation.cjs');

interface Output {
  generated: boolean;
  results: unknown[];
}

function run(...flags: string[]): Output {
  const output = execFileSync(process.execPath, [...flags, PROGRAM], { encoding: 'utf8', stdio: 'pipe' });
  return JSON.parse(output) as Output;
}

describe('Where no code may be generated from strings', () => {
  beforeAll(() => {
    if (!existsSync(PACKAGE)) {
      throw new Error(`There is no ${PACKAGE}. Build it by "npm run build:ts"`);
    }
  });

  it('everything works, with the same results', () => {
    const free = run();
    const forbidden = run('--disallow-code-generation-from-strings');
    expect([free.generated, forbidden.generated]).toEqual([true, false]);
    expect(forbidden.results).toEqual(free.results);
    expect(free.results.length).toBeGreaterThan(60);
    expect(free.results).toContain('ERR_OFFHEAP_STALE');
  });
});
