// Loads a file and asks for some of its lines, in a process of its own: run.mjs starts it with and without offheap/global.
import { createHash } from 'node:crypto';

import { Pauses } from '../path-tracer/pauses.mjs';
import { seeded } from '../support/random.mjs';
import { Table } from './table.mjs';

const QUESTIONS = 20_000;

const pauses = new Pauses();
const start = performance.now();
const table = await Table.load(process.argv[2]);
const milliseconds = performance.now() - start;
const { user, system } = process.cpuUsage();
const gc = await pauses.end();
const resident = process.memoryUsage.rss();

// Where the lines of both ways are the same, so is this.
const random = seeded(1);
const digest = createHash('sha256');
for (let i = 0; i < Math.min(QUESTIONS, table.length); i++) {
  const { id, items } = JSON.parse(table.at(random.integer(0, table.length - 1)));
  digest.update(`${id}:${items.length} `);
}

const peak = process.resourceUsage().maxRSS * 1024;
const found = { lines: table.length, bytes: table.bytes, digest: digest.digest('hex') };
console.log(JSON.stringify({ milliseconds, cpu: (user + system) / 1000, gc, resident, peak, found }));
