import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** By name: what the table calls them. Each is in a module of its own, such as memory-offheap.mjs. */
export const VARIANTS = { offheap: 'offheap', objects: 'objects', reused: 'objects, reused' };

const MOST = { width: 4096, height: 4096, samples: 65_536, workers: 64 };

export const USAGE = `Usage: npm run example:path-tracer -- [options]

  --width <pixels>     480 by default
  --height <pixels>    270 by default
  --samples <count>    paths for each pixel; 32 by default
  --workers <count>    threads; as many as there are CPUs by default
  --variants <names>   some of ${Object.keys(VARIANTS).join(',')}; offheap,objects by default
  --out <path>         where the picture goes; by default into the system's folder for temporary files
  --help`;

const OPTIONS = {
  width: { type: 'string', default: '480' },
  height: { type: 'string', default: '270' },
  samples: { type: 'string', default: '32' },
  workers: { type: 'string', default: String(Math.min(availableParallelism(), MOST.workers)) },
  variants: { type: 'string', default: 'offheap,objects' },
  out: { type: 'string', default: join(tmpdir(), 'offheap-path-tracer', 'path-tracer.png') },
  help: { type: 'boolean', default: false },
};

/**
 * What the command line says; `null` where it asks what it may say.
 *
 * @throws Error that says what is wrong with it.
 */
export function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    return null;
  }
  const [width, height, samples, workers] = Object.keys(MOST).map((name) => count(name, values[name]));
  return { size: { width, height, samples }, workers, variants: names(values.variants), out: resolve(values.out) };
}

function count(name, value) {
  const most = MOST[name];
  if (!/^[1-9]\d*$/.test(value) || Number(value) > most) {
    throw new Error(`Expected --${name} to be an integer from 1 to ${most}. Received '${value}'`);
  }
  return Number(value);
}

function names(value) {
  const list = value.split(',');
  const known = Object.keys(VARIANTS);
  if (!list.every((name) => known.includes(name)) || new Set(list).size < list.length) {
    throw new Error(`Expected --variants to be some of ${known}, each once. Received '${value}'`);
  }
  return list;
}
