// The table in docs/platforms.md, which has a column for every runtime that the suite was run in.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import prettier from 'prettier';

import { root } from './runtimes.mjs';

const FILE = join(root, 'docs/platforms.md');
const TABLE = /(<!-- facts -->\n)[^]*?(<!-- \/facts -->)/;

/** The names of the columns, by runtime. */
const TITLES = {
  node20: 'Node.js 20',
  node22: 'Node.js 22',
  node24: 'Node.js 24',
  node26: 'Node.js 26',
  bun: 'Bun',
  deno: 'Deno',
  'wine-node20': 'Windows, Node.js 20',
  'wine-node22': 'Windows, Node.js 22',
  arm64: 'arm64, Node.js 22',
};

export class Platforms {
  #text = readFileSync(FILE, 'utf8');
  /** By title, then by row. */
  #columns = new Map();

  constructor() {
    const rows = [...TABLE.exec(this.#text)[0].matchAll(/^\|(.*)\|$/gm)].map(([, row]) =>
      row.split('|').map((cell) => cell.trim()),
    );
    const [[, ...titles] = [], , ...facts] = rows;
    titles.forEach((title, i) => {
      this.#columns.set(title, Object.fromEntries(facts.map(([name, ...cells]) => [name, cells[i]])));
    });
  }

  /** What the page says otherwise, or not at all. */
  differences(runtime, facts) {
    const column = this.#columns.get(TITLES[runtime]) ?? {};
    return Object.entries(facts)
      .filter(([name, value]) => column[name] !== value)
      .map(([name, value]) => `${TITLES[runtime]}: ${name}: ${value}, not ${column[name] ?? 'there'}`);
  }

  async save(runtime, facts) {
    this.#columns.set(TITLES[runtime], facts);
    const titles = Object.values(TITLES).filter((title) => this.#columns.has(title));
    const line = (cells) => `| ${cells.join(' | ')} |\n`;
    const table = [
      line(['', ...titles]),
      line(['', ...titles].map(() => '---')),
      ...Object.keys(facts).map((name) => line([name, ...titles.map((title) => this.#columns.get(title)[name] ?? '')])),
    ].join('');
    const text = this.#text.replace(TABLE, `$1\n${table}\n$2`);
    const config = await prettier.resolveConfig(FILE);
    writeFileSync(FILE, await prettier.format(text, { ...config, parser: 'markdown' }));
  }
}
