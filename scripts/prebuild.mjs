// Makes the binaries that the published package brings: `npm run prebuild`, each from a clean state.
//
//   node scripts/prebuild.mjs [--stale | --check] [target...]
//
// Without targets, all that this machine can make: from Linux those for Linux and Windows x64, from macOS both of macOS, and on
// Windows its own. With --stale, only those that are missing or were made of other sources. With --check it makes none, and
// fails where one of the targets, by default of all there are, is missing, made of other sources, damaged or for another machine.
// This is what publishing asks for.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../', import.meta.url));
const require = createRequire(import.meta.url);
const HOST = `${process.platform}-${process.arch}`;

const elf = (machine) => (file) => file.readUInt32BE(0) === 0x7f454c46 && file.readUInt16LE(18) === machine;
const machO = (machine) => (file) => file.readUInt32LE(0) === 0xfeedfacf && file.readUInt32LE(4) === machine;
const pe = (machine) => (file) => {
  const header = file.readUInt32LE(0x3c);
  return file.toString('latin1', header, header + 4) === 'PE\0\0' && file.readUInt16LE(header + 4) === machine;
};

/** By the folders that lib/native/load.ts looks in: how to tell such a binary, where it can be made, and with what. */
const TARGETS = {
  'linux-x64': {
    isOne: elf(62),
    from: ['linux'],
    make: makeForLinux,
    tools: 'x86_64-linux-gnu',
    apt: 'g++-x86-64-linux-gnu',
  },
  'linux-arm64': {
    isOne: elf(183),
    from: ['linux'],
    make: makeForLinux,
    tools: 'aarch64-linux-gnu',
    apt: 'g++-aarch64-linux-gnu',
  },
  'win32-x64': { isOne: pe(0x8664), from: ['linux', 'win32-x64'], make: makeForWindows },
  'win32-arm64': { isOne: pe(0xaa64), from: ['win32-arm64'], make: makeWithNodeGyp },
  'darwin-x64': { isOne: machO(0x01000007), from: ['darwin'], make: makeWithNodeGyp },
  'darwin-arm64': { isOne: machO(0x0100000c), from: ['darwin'], make: makeWithNodeGyp },
};

/** What a binary for Linux may take from the C library: in glibc since 2.4 at the latest, and in musl. */
const FROM_C = new Set(
  (
    '__errno_location abort close free madvise malloc memcmp memcpy memmove memset mincore mmap mprotect mremap munmap ' +
    'open pthread_mutex_lock pthread_mutex_unlock read sched_yield strlen sysconf'
  ).split(' '),
);

const { values: options, positionals } = parseArgs({
  options: { stale: { type: 'boolean' }, check: { type: 'boolean' } },
  allowPositionals: true,
});
const canMake = (target) => TARGETS[target].from.some((from) => from === HOST || from === process.platform);
const chosen = positionals.map((target) => (target === 'host' ? HOST : target));
const unknown = chosen.find((target) => !Object.hasOwn(TARGETS, target));
if (unknown !== undefined) {
  stop(`There is no target ${unknown}. There are: ${Object.keys(TARGETS).join(', ')}`);
}

const sources = hashSources();
if (options.check) {
  const targets = chosen.length > 0 ? chosen : Object.keys(TARGETS);
  const flaws = targets.map((target) => [target, flawOf(target)]).filter(([, flaw]) => flaw !== undefined);
  if (flaws.length > 0) {
    const list = flaws.map(([target, flaw]) => `  - prebuilds/${target}: ${flaw}`);
    stop(['The prebuilt binaries are not fit to be published:', ...list].join('\n'));
  }
  console.log(`prebuilds/ is complete: ${targets.join(', ')}`);
} else {
  for (const target of chosen.length > 0 ? chosen : Object.keys(TARGETS).filter(canMake)) {
    if (!canMake(target)) {
      stop(`The binary for ${target} is not made on ${HOST} but on ${TARGETS[target].from.join(', ')}`);
    }
    if (!options.stale || flawOf(target) !== undefined) {
      make(target);
    }
  }
}

function make(target) {
  const folder = join(root, 'prebuilds', target);
  const work = join(root, 'build', 'prebuild', target);
  for (const each of [folder, work]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each, { recursive: true });
  }
  const made = TARGETS[target].make(target, work);
  copyFileSync(made, join(folder, 'offheap.node'));
  const note = { sources, sha256: hashOf(readFileSync(made)) };
  writeFileSync(join(folder, 'offheap.json'), `${JSON.stringify(note, undefined, 2)}\n`);
  const flaw = flawOf(target);
  if (flaw !== undefined) {
    stop(`prebuilds/${target}: ${flaw}`);
  }
  console.log(`prebuilds/${target}/offheap.node`);
}

/** What is wrong with a binary, or undefined. */
function flawOf(target) {
  const folder = join(root, 'prebuilds', target);
  if (!existsSync(join(folder, 'offheap.node')) || !existsSync(join(folder, 'offheap.json'))) {
    return 'is missing';
  }
  const binary = readFileSync(join(folder, 'offheap.node'));
  const note = JSON.parse(readFileSync(join(folder, 'offheap.json'), 'utf8'));
  if (note.sha256 !== hashOf(binary)) {
    return 'is not what was built';
  }
  if (!TARGETS[target].isOne(binary)) {
    return 'is for another machine';
  }
  return note.sources === sources ? undefined : 'was made of other sources';
}

/** Of all that decides what a binary does. */
function hashSources() {
  const files = readdirSync(join(root, 'native'), { recursive: true, encoding: 'utf8' })
    .map((file) => `native/${file.replaceAll('\\', '/')}`)
    .filter((file) => /\.(cc|h)$/.test(file) && !/^native\/(test|bench|fuzz)\//.test(file));
  // The ends of lines are the system's that has checked the files out.
  const texts = [...files.sort(), 'binding.gyp', 'scripts/prebuild.mjs'].map(
    (file) => `${file}\n${readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n')}`,
  );
  const versions = ['node-addon-api', 'node-api-headers'].map((name) => require(`${name}/package.json`).version);
  return hashOf([...texts, ...versions].join('\n'));
}

function hashOf(content) {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * One binary for all of Linux: linked to nothing, it takes from the C library that the runtime has loaded what every one has, and
 * brings the little that it needs of the C++ library (native/prebuilt/freestanding.cc).
 */
function makeForLinux(target, work) {
  const { tools, apt } = TARGETS[target];
  const prefix = target === HOST ? '' : `${tools}-`;
  const binary = join(work, 'offheap.node');
  const exported = join(work, 'exported.map');
  writeFileSync(exported, '{ global: napi_register_module_v1; node_api_module_get_api_version_v1; local: *; };\n');
  run(`${prefix}g++`, apt, [
    ...addonFlags('linux'),
    ...['-shared', '-fPIC', 'native/prebuilt/freestanding.cc', '-o', binary],
    // No calls of helpers that only one C library has, or only a new one, and templates of the C++ library as our own code.
    ...['-U_FORTIFY_SOURCE', '-fno-stack-protector', '-D_GLIBCXX_EXTERN_TEMPLATE=0'],
    ...(target === 'linux-arm64' ? ['-mno-outline-atomics'] : []),
    ...[
      '-nostdlib',
      '-lgcc',
      '-Wl,-z,nodelete',
      '-Wl,-z,now',
      '-Wl,-s',
      '-Wl,--gc-sections',
      `-Wl,--version-script=${exported}`,
    ],
  ]);
  const needed = [...output(`${prefix}readelf`, ['-d', '-W', binary]).matchAll(/\(NEEDED\).*\[(.*)\]/g)];
  const taken = [...output(`${prefix}nm`, ['-D', '--undefined-only', binary]).matchAll(/ [Uw] (\S+)/g)];
  const strange = [...needed, ...taken]
    .map(([, name]) => name)
    .filter((name) => !/^napi_/.test(name) && !FROM_C.has(name));
  if (strange.length > 0) {
    stop(`prebuilds/${target} would need what not every Linux has: ${strange.join(', ')}`);
  }
  return binary;
}

/** The program that exports Node-API is found when the binary is loaded: native/prebuilt/delay_load.cc. */
function makeForWindows(target, work) {
  if (process.platform === 'win32') {
    return makeWithNodeGyp(target);
  }
  const tools = 'x86_64-w64-mingw32';
  const apt = 'g++-mingw-w64-x86-64-posix';
  const { symbols } = require('node-api-headers');
  const names = Object.values(symbols).flatMap((version) => [
    ...version.js_native_api_symbols,
    ...version.node_api_symbols,
  ]);
  const definitions = join(work, 'node.def');
  writeFileSync(definitions, ['NAME node.exe', 'EXPORTS', ...new Set(names), ''].join('\n'));
  run(`${tools}-dlltool`, apt, ['-d', definitions, '-D', 'node.exe', '-y', join(work, 'libnode.a')]);
  const binary = join(work, 'offheap.node');
  run(`${tools}-g++-posix`, apt, [
    ...addonFlags('win'),
    ...[
      '-shared',
      'native/prebuilt/delay_load.cc',
      'native/prebuilt/freestanding.cc',
      '-D_GLIBCXX_EXTERN_TEMPLATE=0',
      '-o',
      binary,
      '-static',
      `-L${work}`,
      '-lnode',
      '-ldelayimp',
    ],
    ...['-Wl,-s', '-Wl,--gc-sections', '-Wl,--no-insert-timestamp'],
  ]);
  return binary;
}

/** The addon as it is built from source, on a system that brings its own compiler and C++ library. */
function makeWithNodeGyp(target) {
  const folder = join(root, 'build/Release');
  rmSync(folder, { recursive: true, force: true });
  run(process.execPath, undefined, [join(root, 'scripts/build-native.mjs'), `--arch=${target.split('-')[1]}`]);
  return join(folder, 'offheap.node');
}

/** The sources and flags that binding.gyp has. It is a literal of Python, which node-gyp has brought along. */
function addonFlags(os) {
  const toJson = 'import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read())))';
  const gyp = readFileSync(join(root, 'binding.gyp'), 'utf8');
  const [addon] = JSON.parse(output('python3', ['-c', toJson], gyp)).targets;
  const [[, windows, others]] = addon.conditions;
  return [
    ...['-O3', '-DNDEBUG', '-ffunction-sections', '-fdata-sections', ...addon.cflags_cc],
    ...addon.defines.map((define) => `-D${define}`),
    ...['node-addon-api', 'node-api-headers/include'].map((path) => `-I${packageFolder(path)}`),
    ...addon.sources,
    ...(os === 'win' ? windows : others).sources,
  ];
}

function packageFolder(path) {
  const [name, ...rest] = path.split('/');
  return join(dirname(require.resolve(`${name}/package.json`)), ...rest);
}

function run(command, apt, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error?.code === 'ENOENT' && apt !== undefined) {
    stop(`This needs ${command}, which is not in PATH. On Debian: apt-get install ${apt}`);
  }
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

function output(command, args, input = '') {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, input, encoding: 'utf8' });
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    stop(`${command} ${args.join(' ')}\n${stderr}`);
  }
  return stdout;
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
