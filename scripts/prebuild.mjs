// Puts the addon that was built on this machine where the published package looks for it: prebuilds/<platform>-<arch>/.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const folder = new URL(`prebuilds/${process.platform}-${process.arch}/`, root);
mkdirSync(folder, { recursive: true });
copyFileSync(new URL('build/Release/offheap.node', root), new URL('offheap.node', folder));
console.log(fileURLToPath(folder));
