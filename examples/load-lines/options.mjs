import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const MOST = { megabytes: 16_384, runs: 99 };

export const USAGE = `Usage: npm run example:load-lines -- [options]

  --file <path>        JSON lines to load; by default a file of its own making, in the system's folder for temporary files
  --megabytes <count>  how much JSON that file is to hold; 256 by default
  --gzip               compress that file; one of your own is decompressed where its name ends in .gz
  --runs <count>       how often each way is measured; 5 by default
  --help`;

const OPTIONS = {
  file: { type: 'string' },
  megabytes: { type: 'string', default: '256' },
  gzip: { type: 'boolean', default: false },
  runs: { type: 'string', default: '5' },
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
  const [megabytes, runs] = Object.keys(MOST).map((name) => count(name, values[name]));
  const own = values.file === undefined;
  const name = `orders-${megabytes}.jsonl${values.gzip ? '.gz' : ''}`;
  const file = own ? join(tmpdir(), 'offheap-load-lines', name) : resolve(values.file);
  return { file, own, megabytes, runs };
}

function count(name, value) {
  const most = MOST[name];
  if (!/^[1-9]\d*$/.test(value) || Number(value) > most) {
    throw new Error(`Expected --${name} to be an integer from 1 to ${most}. Received '${value}'`);
  }
  return Number(value);
}
