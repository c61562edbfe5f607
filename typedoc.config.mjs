// How the site is made: the pages of docs/ in the order in which docs/README.md names them, and the reference by layer.
// scripts/docs.mjs runs it.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';

const root = fileURLToPath(new URL('.', import.meta.url));

/** By folder of lib/, in the order of the reference. What lies in none of them comes last. */
const LAYERS = {
  arena: 'Arenas',
  layout: 'Records',
  allocator: 'Allocators',
  collections: 'Collections',
  pool: 'Pools',
  server: 'Servers',
  monitor: 'Monitoring',
  memory: 'Memory',
};
const REST = 'Errors and sizes';

/** Where the pages with the code of examples are made. */
const EXAMPLES = '.cache/examples';

const PROJECT_PAGES = ['docs/decisions.md', 'docs/contributing.md', 'CHANGELOG.md', 'SECURITY.md'];

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'offheap',
  includeVersion: true,
  tsconfig: 'tsconfig.build.json',
  entryPoints: ['lib/index.ts', 'lib/global/index.ts', 'lib/server/fastify.ts', 'lib/monitor/dashboard/index.ts'],
  readme: 'README.md',
  projectDocuments: [...pages(), ...examples()],
  out: 'build/site',
  customCss: 'scripts/docs.css',
  plugin: [describePages, arrangeReference, leaveOutMachinery],
  markdownItLoader: keepCodeInAnchors,

  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // There is no address of the sources yet that they could link to.
  disableSources: true,
  githubPages: false,
  hideGenerator: true,

  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
  // What types are computed with. What they come to is in the doc comments of those that are exported.
  intentionallyNotExported: [
    ...['ValueOf', 'InitOf', 'PlainOf', 'IsView', 'FieldInput', 'Internal'],
    ...['OrNull', 'RequestHook'],
  ],

  navigation: { includeCategories: true, includeGroups: false },
  categorizeByGroup: false,
  categoryOrder: ['Guides', 'Building blocks', 'Examples', 'Reference', 'Project', ...Object.values(LAYERS), REST],
  sort: ['kind', 'alphabetical-ignoring-documents'],
  sortEntryPoints: false,
  searchInDocuments: true,
};

/** The pages in a newcomer's order. docs/README.md is where that is written down. */
function pages() {
  const list = 'docs/README.md';
  const links = [...readFileSync(root + list, 'utf8').matchAll(/\]\(([^)#]+\.md)/g)];
  const found = new Set([list, ...links.map(([, path]) => posix.join('docs', path)), ...PROJECT_PAGES]);
  const missing = readdirSync(`${root}docs`, { recursive: true })
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md') && !found.has(path));
  if (missing.length > 0) {
    throw new Error(`docs/README.md does not name ${missing.join(', ')}`);
  }
  return [...found].filter((path) => existsSync(root + path));
}

/** A page for each folder of examples/ that a page links to, with its files: what GitHub shows behind such a link. */
function examples() {
  mkdirSync(root + EXAMPLES, { recursive: true });
  const links = readFileSync(`${root}docs/README.md`, 'utf8').matchAll(/\]\(\.\.\/examples\/([\w-]+)\/\)/g);
  return [...links].map(([, name]) => {
    const files = readdirSync(`${root}examples/${name}`).filter((file) => file.endsWith('.mjs'));
    const isFirst = (file) => Number(/^(run|demo)\.mjs$/.test(file));
    files.sort((one, other) => isFirst(other) - isFirst(one));
    const parts = files.map((file) => {
      const code = readFileSync(`${root}examples/${name}/${file}`, 'utf8');
      return `## ${file}\n\n\`\`\`js\n${code}\`\`\`\n`;
    });
    const page = `${EXAMPLES}/${name}.md`;
    writeFileSync(root + page, `# ${name}\n\n${parts.join('\n')}`);
    return page;
  });
}

/** Calls a page what its heading says, and puts it into its part of the navigation. */
function describePages(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const path = posix.relative(root, app.files.getReflectionPath(page));
    page.name = /^# (.+)$/m.exec(readFileSync(root + path, 'utf8'))[1].replaceAll('`', '');
    page.frontmatter.category = partOf(path);
    if (path.startsWith(EXAMPLES)) {
      app.files.registerReflectionPath(`${root}examples/${posix.basename(path, '.md')}/`, page);
    }
  });
}

function partOf(path) {
  if (path.startsWith(EXAMPLES)) {
    return 'Examples';
  }
  if (PROJECT_PAGES.includes(path)) {
    return 'Project';
  }
  return path.startsWith('docs/allocators/') ? 'Building blocks' : 'Guides';
}

/** Puts what is exported into the layer that it belongs to. */
function arrangeReference(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName;
    if (reflection.kindOf(ReflectionKind.Module)) {
      categorize(reflection, 'Reference');
    } else if (reflection.parent?.kindOf(ReflectionKind.Module) && file !== undefined) {
      const [folder] = posix.relative(`${root}lib`, file).split('/');
      categorize(reflection, LAYERS[folder] ?? REST);
    }
  });
}

function categorize(reflection, category) {
  reflection.comment ??= new Comment();
  reflection.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
}

/** Members that are public for the sake of the types alone, and for `console.log`. */
const MACHINERY = new Set(['[FIELDS]', '[custom]']);

/** What users see of a field type. The rest is for those who lay out records. */
const FIELD_TYPE = new Set(['name', 'size', 'align', 'isView', 'hasText', 'hasLinks']);

/** Leaves out what no user calls. */
function leaveOutMachinery(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const owner of project.getReflectionsByKind(ReflectionKind.ClassOrInterface)) {
      const isFieldType = owner.getChildByName('textEnd') !== undefined;
      for (const member of [...(owner.children ?? [])]) {
        if (MACHINERY.has(member.name) || (isFieldType && !FIELD_TYPE.has(member.name))) {
          project.removeReflection(member);
        }
      }
    }
  });
}

/** TypeDoc makes anchors of a heading's text alone, GitHub of its code, too. */
function keepCodeInAnchors(parser) {
  parser.core.ruler.push('code-in-anchors', ({ tokens, Token }) => {
    for (const [i, { type }] of tokens.entries()) {
      if (type === 'heading_open') {
        for (const code of tokens[i + 1].children.filter((token) => token.type === 'code_inline')) {
          code.children = [Object.assign(new Token('text', '', 0), { content: code.content })];
        }
      }
    }
  });
}
