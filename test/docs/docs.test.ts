import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve, sep } from 'node:path';

import { Examples, isExample, type Outcome, promisedOutput } from './examples';
import { type Block, Page } from './markdown';

const ROOT = resolve(__dirname, '../..');

/** From the root, with slashes. */
function filesIn(folder: string, extension: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .map((file) => `${folder}/${file.split(sep).join('/')}`);
}

const pages = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')), // SECURITY.md and CHANGELOG.md, too
  ...filesIn('docs', '.md'),
].map((path) => new Page(ROOT, path));
const sources = filesIn('lib', '.ts').map((path) => new Page(ROOT, path));

const blocks = [...pages, ...sources].flatMap((page) => page.blocks);

/** For `it.each`, with a name in front. */
function named(some: readonly Block[]): [string, Block][] {
  return some.map((block) => [block.place, block]);
}

describe('examples', () => {
  const runnable = blocks.filter(isExample);
  let complaints: ReadonlyMap<Block, string>;
  let outcomes: ReadonlyMap<Block, Outcome>;

  beforeAll(async () => {
    const examples = new Examples(ROOT, runnable);
    try {
      complaints = examples.compile();
      outcomes = await examples.run();
    } finally {
      examples.remove();
    }
  });

  it.each(named(runnable))('%s runs and prints what it says', (_place, block) => {
    expect(complaints.get(block)).toBeUndefined();
    const { output, failure } = outcomes.get(block)!;
    expect(failure).toBe('');
    expect(output).toBe(promisedOutput(block) ?? output);
  });
});

describe('commands', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };

  function isKnown(command: string): boolean {
    const [, name] = /^npm (?:run )?([\w:-]+)( --.*)?$/.exec(command) ?? [];
    if (name === undefined) {
      return command === 'npm install offheap';
    }
    // Neither is a script, and there are none by these names.
    if (name === 'pack' || name === 'publish') {
      return true;
    }
    return name === 'ci' || (name in scripts && (name === 'test' || command.startsWith('npm run ')));
  }

  it.each(named(blocks.filter(({ language }) => language === 'sh')))('%s names scripts that exist', (_place, block) => {
    const commands = block.code.trim().split(/\n| && /);
    expect(commands.filter((command) => !isKnown(command))).toEqual([]);
  });

  it.each(pages.map((page) => [page.path, page] as const))('%s names scripts that exist in its text', (_path, page) => {
    const commands = page.spans.filter((span) => /^npm [a-z]/.test(span));
    expect(commands.flatMap((span) => span.split(' && ')).filter((command) => !isKnown(command))).toEqual([]);
  });
});

it('knows the language of every block', () => {
  const unknown = blocks.filter((block) => !isExample(block) && !['sh', 'text'].includes(block.language));
  expect(unknown.map(({ place, language }) => `${place}: ${language}`)).toEqual([]);
});

describe('links', () => {
  const anchorsOf = new Map(pages.map(({ path, anchors }) => [path, anchors]));

  function leadsSomewhere(from: string, link: string): boolean {
    const [path, anchor] = link.split('#') as [string, string?];
    const target = path === '' ? from : posix.join(posix.dirname(from), path);
    const anchors = anchorsOf.get(target);
    return existsSync(join(ROOT, target)) && (anchor === undefined || anchors?.has(anchor) === true);
  }

  it.each(pages.map((page) => [page.path, page] as const))('%s links to what is there', (path, { links }) => {
    const own = links.filter((link) => !link.startsWith('https://'));
    expect(own.filter((link) => !leadsSomewhere(path, link))).toEqual([]);
  });

  it('reach every page from the README', () => {
    const reached = new Set(['README.md']);
    for (const path of reached) {
      for (const link of pages.find((page) => page.path === path)?.links ?? []) {
        reached.add(posix.join(posix.dirname(path), link.split('#')[0]!));
      }
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path) && path !== 'docs/README.md')).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  it('has a section for every code, and for no other', () => {
    const source = readFileSync(join(ROOT, 'lib/errors.ts'), 'utf8');
    const codes = new Set(source.match(/\bERR_[A-Z_]+[A-Z]\b/g));
    const { anchors } = pages.find(({ path }) => path === 'docs/errors.md')!;
    const sections = [...anchors].filter((anchor) => anchor.startsWith('err_'));
    expect(sections.sort()).toEqual([...codes].map((code) => code.toLowerCase()).sort());
  });
});

describe('docs/platforms.md', () => {
  it('says everything for which tests are skipped in other runtimes', () => {
    const differences = JSON.parse(readFileSync(join(ROOT, 'test/portable/differences.json'), 'utf8')) as Record<
      string,
      { what: string }[]
    >;
    const text = readFileSync(join(ROOT, 'docs/platforms.md'), 'utf8').replace(/\s+/g, ' ');
    const reasons = Object.values(differences).flatMap((list) => list.map(({ what }) => what));
    expect(reasons.filter((what) => !text.includes(what))).toEqual([]);
    expect(reasons.length).toBeGreaterThan(10);
  });
});
