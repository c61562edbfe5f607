import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { parse } from 'yaml';

const ROOT = resolve(__dirname, '../..');

interface Job {
  readonly needs?: string | readonly string[];
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
  readonly strategy?: { readonly matrix: { readonly include?: readonly { readonly targets: string }[] } };
}

/** What the workflow does is tested by what it calls, which runs in a clone, too. */
describe('.github/workflows/ci.yml', () => {
  const { jobs } = parse(readFileSync(join(ROOT, '.github/workflows/ci.yml'), 'utf8')) as { jobs: Record<string, Job> };
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const commands = steps.flatMap(({ run }) => run ?? []);

  it('calls scripts that there are', () => {
    const called = commands.flatMap((command) => /^npm run ([\w:-]+)/.exec(command)?.[1] ?? []);
    expect(called.filter((name) => !(name in scripts))).toEqual([]);
    expect(called).toContain('prebuild');
    const files = commands.filter((command) => command.startsWith('.'));
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('calls nothing else but npm, and apt for what the scripts ask for', () => {
    const others = commands.filter((command) => !/^(npm |sudo apt-get |\.ci\/)/.test(command));
    expect(others).toEqual([]);
  });

  it('makes every binary that publishing asks for', () => {
    const loader = readFileSync(join(ROOT, 'lib/native/load.ts'), 'utf8');
    const wanted = [...loader.matchAll(/prebuilds\/([a-z0-9]+-[a-z0-9]+)\/offheap\.node'\)/g)].map(([, name]) => name);
    const made = jobs.prebuild!.strategy!.matrix.include!.flatMap(({ targets }) => targets.split(' '));
    expect(made.sort()).toEqual(wanted.sort());
    expect(wanted).toHaveLength(6);
  });

  it('publishes only what was tested, and says where it was built', () => {
    expect(jobs.publish!.needs).toEqual(expect.arrayContaining(['test', 'full']));
    expect(jobs.test!.needs).toBe('prebuild');
    expect(jobs.publish!.steps.at(-1)!.run).toContain('npm publish --provenance');
    expect(scripts.prepublishOnly).toBe('npm run prebuild -- --check');
  });
});
