// A file of orders, one JSON text a line: the same for the same size.
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';

import { progress } from '../support/progress.mjs';
import { seeded } from '../support/random.mjs';

const MiB = 1024 * 1024;
const CITIES = ['Athens', 'Bergen', 'Cádiz', 'Dublin', 'Evora', 'Florence', 'Ghent', 'Helsinki', 'Izmir', 'Jena'];
const LINES_AT_ONCE = 2_000;

/** Makes the file, if there is none yet. */
export async function makeInput(file, megabytes) {
  const size = megabytes * MiB;
  if (existsSync(file)) {
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.unfinished-${process.pid}`;
  const out = file.endsWith('.gz') ? createGzip({ level: constants.Z_BEST_SPEED }) : new PassThrough();
  const writing = pipeline(out, createWriteStream(unfinished));
  const random = seeded(megabytes);
  let id = 0;
  for (let written = 0; written < size;) {
    const lines = Array.from({ length: LINES_AT_ONCE }, () => orderLine(id++, random)).join('');
    written += Buffer.byteLength(lines);
    if (!out.write(lines)) {
      await once(out, 'drain');
    }
    progress.rewrite(`Writing ${file}: ${Math.min(100, Math.floor((100 * written) / size))} %`);
  }
  out.end();
  await writing;
  renameSync(unfinished, file); // so that what is there is whole
  progress.clear();
}

function orderLine(id, random) {
  const items = Array.from({ length: random.integer(1, 5) }, () => ({
    sku: `A-${random.integer(10_000, 99_999)}`,
    count: random.integer(1, 9),
    price: random.integer(99, 99_999) / 100,
  }));
  return `${JSON.stringify({ id, city: CITIES[random.integer(0, CITIES.length - 1)], items, paid: random() < 0.9 })}\n`;
}
