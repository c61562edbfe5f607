import { closeSync, openSync, readSync, statSync } from 'node:fs';

import { MiB } from 'offheap';

import { Summary } from './summary.mjs';

/**
 * The largest file that this process itself is made of. Mostly that is the node binary, of about 100 MB; where Node is
 * built as a shared library, the binary is small and the library is large.
 */
export function largestFile() {
  const { sharedObjects } = process.report.getReport();
  return [process.execPath, ...sharedObjects]
    .map((path) => ({ path, size: statSync(path, { throwIfNoEntry: false })?.size ?? 0 }))
    .reduce((largest, file) => (file.size > largest.size ? file : largest));
}

/**
 * What everybody else should find. It also brings the file into the system's cache, and it takes just one buffer,
 * because on Linux a child process counts as its own peak what its parent had resident when it was started.
 */
export function summarizeFile(path) {
  const summary = new Summary();
  const buffer = Buffer.allocUnsafe(MiB);
  const file = openSync(path);
  for (let length; (length = readSync(file, buffer)) > 0;) {
    summary.add(buffer.subarray(0, length));
  }
  closeSync(file);
  return summary.finish();
}
