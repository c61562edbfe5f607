import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');

/** A file imports from its own folder and from lower layers. */
const LAYERS: Readonly<Record<string, number>> = {
  'arguments.ts': 0,
  'container.ts': 0,
  'errors.ts': 0,
  'later.ts': 0,
  'registry.ts': 0,
  'settings.ts': 0,
  'sizes.ts': 0,
  native: 1,
  memory: 2,
  layout: 3,
  allocator: 4,
  arena: 5,
  pool: 5,
  collections: 5,
  server: 6,
  global: 6,
  monitor: 7,
  'index.ts': 8,
  'index.mts': 9,
};

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => pattern.test(file));
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function importsOf(file: string): string[] {
  const code = read(file).replace(/^ *\*.*$/gm, ''); // without the examples in doc comments
  return [...code.matchAll(/(?:from|import|require\()\s*'([^']+)'/g)].map(([, specifier]) => specifier!);
}

/** The files of lib/ that a file imports, by their paths below lib/ and without an extension. */
function filesImportedBy(file: string): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('.node'))
    .map((specifier) => relative(join(ROOT, 'lib'), resolve(ROOT, dirname(file), specifier)).replace(/\.js$/, ''));
}

/** The folder of lib/ that a path is in, or the file itself where it is in none. */
function unitOf(path: string): string {
  return path.includes('/')
    ? path.split('/')[0]!
    : `${path.replace(/\.m?ts$/, '')}.${path.endsWith('.mts') ? 'mts' : 'ts'}`;
}

describe('The layers of lib/', () => {
  const files = filesBelow('lib', /\.m?ts$/);

  it('are all there are', () => {
    const units = files.map((file) => unitOf(relative('lib', file)));
    expect(units.filter((unit) => !(unit in LAYERS))).toEqual([]);
    expect(files.length).toBeGreaterThan(10);
  });

  it('import downwards only', () => {
    const upwards = files.flatMap((file) => {
      const from = unitOf(relative('lib', file));
      return filesImportedBy(file)
        .filter((target) => {
          const to = unitOf(target);
          const ownFolder = from === to || (from.includes('.') && to.includes('.') && LAYERS[from] === LAYERS[to]);
          return !ownFolder && !(LAYERS[to]! < LAYERS[from]!);
        })
        .map((target) => `${file} imports ${target}`);
    });
    expect(upwards).toEqual([]);
  });

  it('need nothing at run time but Node', () => {
    const modules = files.flatMap(importsOf).filter((specifier) => !/^(node:|\.)/.test(specifier));
    expect(modules).toEqual([]);
    expect((JSON.parse(read('package.json')) as { dependencies?: object }).dependencies).toBeUndefined();
  });

  it('load the addon in one place', () => {
    expect(files.filter((file) => read(file).includes(".node'"))).toEqual(['lib/native/load.ts']);
  });

  it('are in files that one can read at a sitting', () => {
    const long = files.filter((file) => read(file).split('\n').length > 400);
    expect(long).toEqual([]);
  });
});

describe('The layers of native/', () => {
  const files = filesBelow('native', /\.(cc|h)$/).filter((file) => !/native\/(bench|fuzz|prebuilt|test)\//.test(file));
  const including = (pattern: RegExp): string[] => files.filter((file) => pattern.test(read(file)));

  it('keep the system’s headers in vm/', () => {
    const system = including(/#include <(sys\/|windows|unistd|psapi|fcntl)/);
    expect(system.length).toBeGreaterThan(1);
    expect(system.filter((file) => !file.startsWith('native/vm/'))).toEqual([]);
  });

  it('keep Node-API in binding/', () => {
    const nodeApi = including(/#include <(napi|node_api|js_native_api|node|v8|uv)/);
    expect(nodeApi.length).toBeGreaterThan(1);
    expect(nodeApi.filter((file) => !file.startsWith('native/binding/'))).toEqual([]);
  });

  it('make external ArrayBuffers in one place', () => {
    expect(including(/napi_create_external_arraybuffer\(/)).toEqual(['native/binding/array_buffer.cc']);
  });

  it('take neither exceptions nor containers from the standard library', () => {
    expect(
      including(
        /#include <(vector|string|map|unordered_map|memory|functional|iostream|stdexcept)>|\b(try|catch|throw)\b\s*[({]/,
      ),
    ).toEqual([]);
  });

  it('are built from the same sources by node-gyp and by CMake', () => {
    const sourcesIn = (file: string): string[] => {
      const sources = [...read(file).matchAll(/native\/[\w/]+\.cc/g)].map(([source]) => source);
      return [...new Set(sources)].sort();
    };
    expect(sourcesIn('binding.gyp')).toEqual(files.filter((file) => file.endsWith('.cc')).sort());
    expect(sourcesIn('CMakeLists.txt')).toEqual(sourcesIn('binding.gyp'));
  });

  it('name the kinds of memory as TypeScript does', () => {
    const [, native] = /enum class Kind[^{]*\{([^}]*)\}/.exec(read('native/span.h'))!;
    const [, script] = /export const Kind = \{([^}]*)\}/.exec(read('lib/native/contract.ts'))!;
    const names = native!.split(',').map((name) => name.trim().replace(/^k/, '').toLowerCase());
    expect(names.at(-1)).toBe('count');
    expect(script!.split(',').map((entry) => entry.trim().split(':')[0]!.toLowerCase())).toEqual(names.slice(0, -1));
  });
});
