import { isMainThread } from 'node:worker_threads';

import { OffheapError } from '../errors';
import type { Addon } from './contract';

let loaded: Addon | undefined;

/**
 * The addon, loaded at the first call.
 *
 * @throws OffheapError `ERR_OFFHEAP_ADDON` where there is no binary that this runtime can load; the message lists what
 * was tried, with each refusal, and the remedies.
 */
export function loadAddon(): Addon {
  loaded ??= load();
  return loaded;
}

// An addon cannot be imported, and bundlers follow only a require() with a literal path.
const built = (): unknown => require('../../build/Release/offheap.node');
const prebuilt: Readonly<Record<string, () => unknown>> = {
  'linux-x64': () => require('../../prebuilds/linux-x64/offheap.node'),
  'linux-arm64': () => require('../../prebuilds/linux-arm64/offheap.node'),
  'darwin-x64': () => require('../../prebuilds/darwin-x64/offheap.node'),
  'darwin-arm64': () => require('../../prebuilds/darwin-arm64/offheap.node'),
  'win32-x64': () => require('../../prebuilds/win32-x64/offheap.node'),
  'win32-arm64': () => require('../../prebuilds/win32-arm64/offheap.node'),
};

function load(): Addon {
  const platform = `${process.platform}-${process.arch}`;
  // A build from source was made on this machine, on purpose: it goes before the binary from the package.
  const candidates: [string, (() => unknown) | undefined][] = [
    ['build/Release/offheap.node', built],
    [`prebuilds/${platform}/offheap.node`, prebuilt[platform]],
  ];
  const refusals: string[] = [];
  for (const [path, open] of candidates) {
    try {
      if (open === undefined) {
        refusals.push(`${path}: the package has no binary for this platform`);
        continue;
      }
      const addon = open() as Addon;
      if (isMainThread) {
        addon.setMainThread();
      }
      return addon;
    } catch (error) {
      refusals.push(`${path}: ${firstLine(error)}`);
    }
  }
  throw new OffheapError(
    'ERR_OFFHEAP_ADDON',
    [
      `offheap found no addon that loads on ${platform} (Node-API 8, ${process.version}). Tried:`,
      ...refusals.map((refusal) => `  - ${refusal}`),
      'What helps:',
      '  - build it from source, with python3, make and a C++17 compiler:',
      '      npm explore offheap -- npm install --ignore-scripts',
      '      npm explore offheap -- npm run build:native',
      '  - after a copy of node_modules from another machine: install again on this one',
      '  - use BumpArena, which needs no addon',
    ].join('\n'),
  );
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0]!;
}
