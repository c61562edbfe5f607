// Loads the binary for Linux x64 in a program that has musl for its C library, and nothing else: `npm run test:musl`. npm has no Node
// for musl, so the functions of Node-API are there only to be found: what this shows is that nothing else is missing.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import headers from 'node-api-headers';

import { root, run } from './runtimes.mjs';

if (spawnSync('musl-gcc', ['--version']).error !== undefined) {
  console.error('This needs musl-gcc, which is not in PATH. On Debian: apt-get install musl-tools');
  process.exit(1);
}

run(process.execPath, [join(root, 'scripts/prebuild.mjs'), '--stale', 'linux-x64']);
const folder = join(root, 'build', 'musl');
mkdirSync(folder, { recursive: true });
const names = Object.values(headers.symbols).flatMap((version) => [
  ...version.js_native_api_symbols,
  ...version.node_api_symbols,
]);
const source = join(folder, 'host.c');
writeFileSync(
  source,
  `#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
${[...new Set(names)].map((name) => `void ${name}(void) { abort(); }`).join('\n')}
int main(int count, char **arguments) {
  void *addon = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (addon == NULL || dlsym(addon, "napi_register_module_v1") == NULL) {
    puts(dlerror());
    return 1;
  }
  puts("loads with musl");
  return 0;
}
`,
);
const host = join(folder, 'host');
run('musl-gcc', ['-rdynamic', '-o', host, source]);
run(host, [join(root, 'prebuilds/linux-x64/offheap.node')]);
