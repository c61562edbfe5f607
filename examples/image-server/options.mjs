import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { LIMIT } from './api.mjs';

/** By name: what the table calls them. Each is in a module of its own, such as memory-pool.mjs. */
export const VARIANTS = { buffers: 'Buffers', pool: 'BufferPool', arena: 'request arenas' };

const UNITS = { KiB: 1024, MiB: 1024 * 1024 };
const MOST = { seconds: 3600, rounds: 99, connections: 256, settle: 3600 };
const ALLOCATIONS = ['tuned', 'system'];

export const USAGE = `Usage: npm run example:image-server -- [options]

  --sizes <sizes>        of the pictures, from 1KiB to 4MiB; 16KiB,64KiB,256KiB,1MiB,4MiB by default
  --variants <names>     some of ${Object.keys(VARIANTS).join(',')}; all by default
  --seconds <count>      of load in each round; 5 by default, 60 with --hostile
  --rounds <count>       for each size and variant, which take turns; 5 by default
  --connections <count>  that send one picture after the other; 8 by default
  --settle <seconds>     from the end of the load until resident memory is read once more; 30 by default
  --gzip                 clients want compressed answers
  --hostile              all sizes at once, among clients that break off, dawdle and lie; one round
  --malloc <settings>    of glibc's malloc in all servers: tuned, to keep what is freed, or system; tuned by default
  --svg <path>           where the chart goes; by default into the system's folder for temporary files
  --help`;

const OPTIONS = {
  sizes: { type: 'string', default: '16KiB,64KiB,256KiB,1MiB,4MiB' },
  variants: { type: 'string', default: Object.keys(VARIANTS).join(',') },
  seconds: { type: 'string' },
  rounds: { type: 'string', default: '5' },
  connections: { type: 'string', default: '8' },
  settle: { type: 'string', default: '30' },
  gzip: { type: 'boolean', default: false },
  hostile: { type: 'boolean', default: false },
  malloc: { type: 'string', default: 'tuned' },
  svg: { type: 'string', default: join(tmpdir(), 'offheap-image-server', 'image-server.svg') },
  help: { type: 'boolean', default: false },
};

/**
 * What the command line says, with sizes in bytes; `null` where it asks what it may say.
 *
 * @throws Error that says what is wrong with it.
 */
export function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    return null;
  }
  const { gzip, hostile, malloc } = values;
  if (!ALLOCATIONS.includes(malloc)) {
    throw new Error(`Expected --malloc to be one of ${ALLOCATIONS}. Received '${malloc}'`);
  }
  const [seconds, rounds, connections, settle] = Object.keys(MOST).map((name) =>
    count(name, values[name] ?? (hostile ? '60' : '5')),
  );
  const sizes = list('sizes', values.sizes).map(bytes);
  const variants = list('variants', values.variants);
  if (!variants.every((name) => Object.hasOwn(VARIANTS, name))) {
    throw new Error(`Expected --variants to be some of ${Object.keys(VARIANTS)}. Received '${values.variants}'`);
  }
  return { sizes, variants, seconds, rounds, connections, settle, gzip, hostile, malloc, svg: resolve(values.svg) };
}

function count(name, value) {
  if (!/^[1-9]\d*$/.test(value) || Number(value) > MOST[name]) {
    throw new Error(`Expected --${name} to be an integer from 1 to ${MOST[name]}. Received '${value}'`);
  }
  return Number(value);
}

function list(name, value) {
  const parts = value.split(',');
  if (new Set(parts).size < parts.length) {
    throw new Error(`Expected --${name} to be a list, each once. Received '${value}'`);
  }
  return parts;
}

function bytes(value) {
  const [, number, unit] = /^([1-9]\d{0,3})(KiB|MiB)$/.exec(value) ?? [];
  const size = Number(number) * UNITS[unit];
  if (!(size < LIMIT)) {
    throw new Error(`Expected --sizes to be from 1KiB to 4MiB. Received '${value}'`);
  }
  return size;
}

/** A size as the command line has it. */
export function formatSize(bytes) {
  return bytes < UNITS.MiB ? `${bytes / UNITS.KiB} KiB` : `${bytes / UNITS.MiB} MiB`;
}
