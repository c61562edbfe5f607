import { isMainThread } from 'node:worker_threads';

import { OffheapError } from '../errors';
import type { Addon } from './contract';
import { defaultMemoryLimit } from './default-limit';

let addon: Addon | undefined;

/**
 * The addon, loaded at the first call that can load it: where that fails for want of a file descriptor, or of a stack, a later one
 * may succeed.
 *
 * @throws OffheapError `ERR_OFFHEAP_ADDON` where there is no binary that this runtime can load; the message lists what
 * was tried, with each refusal, and the remedies. TypeError `ERR_INVALID_ARG_VALUE` where `OFFHEAP_MEMORY_LIMIT` is no size.
 */
export function loadAddon(): Addon {
  return (addon ??= withLimit(load()));
}

/** The same; `null` where there is none, so that nothing can have been reserved. */
export function loadIfPossible(): Addon | null {
  try {
    return loadAddon();
  } catch (error) {
    if (error instanceof OffheapError && error.code === 'ERR_OFFHEAP_ADDON') {
      return null;
    }
    throw error;
  }
}

// Bundlers follow a require() with a literal path, and only warn about one inside of a `try` that leads nowhere.
function load(): Addon {
  const platform = `${process.platform}-${process.arch}`;
  const refusals: string[] = [];
  // A build from source was made on this machine, on purpose: it goes before the binary from the package.
  try {
    return start(require('../../build/Release/offheap.node'));
  } catch (error) {
    refusals.push(`build/Release/offheap.node: ${firstLine(error)}`);
  }
  try {
    switch (platform) {
      case 'linux-x64':
        return start(require('../../prebuilds/linux-x64/offheap.node'));
      case 'linux-arm64':
        return start(require('../../prebuilds/linux-arm64/offheap.node'));
      case 'darwin-x64':
        return start(require('../../prebuilds/darwin-x64/offheap.node'));
      case 'darwin-arm64':
        return start(require('../../prebuilds/darwin-arm64/offheap.node'));
      case 'win32-x64':
        return start(require('../../prebuilds/win32-x64/offheap.node'));
      case 'win32-arm64':
        return start(require('../../prebuilds/win32-arm64/offheap.node'));
      default:
        refusals.push(`prebuilds/${platform}/offheap.node: the package has no binary for this platform`);
    }
  } catch (error) {
    refusals.push(`prebuilds/${platform}/offheap.node: ${firstLine(error)}`);
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
      '  - under --permission, let Node.js load addons: --allow-addons',
      '  - use BumpArena, which needs no addon',
    ].join('\n'),
  );
}

function start(exports: unknown): Addon {
  const loaded = exports as Addon;
  if (isMainThread) {
    loaded.setMainThread();
  }
  return loaded;
}

function withLimit(loaded: Addon): Addon {
  loaded.setLimit(defaultMemoryLimit(), true);
  return loaded;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0]!;
}
