import { createHash } from 'node:crypto';

const NEWLINE = 0x0a;

/** What there is to say about a file: its size, its lines and its hash. */
export class Summary {
  size = 0;
  lines = 0;
  #hash = createHash('sha256');

  add(data) {
    this.size += data.length;
    this.#hash.update(data);
    for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, at + 1)) {
      this.lines++;
    }
  }

  finish() {
    return { size: this.size, lines: this.lines, digest: this.#hash.digest('hex') };
  }
}

/** The summary of data that is there as a whole. */
export function summarize(data) {
  const summary = new Summary();
  summary.add(data);
  return summary.finish();
}
