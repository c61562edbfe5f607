import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { encode } from 'fast-png';

const GAMMA = 2.2;

/** Writes light, three numbers for each pixel, as a PNG. */
export async function writeImage(path, light, { width, height }) {
  // However bright something is, it becomes no brighter than white.
  const data = Uint8Array.from(light, (each) => Math.round(255 * (1 - Math.exp(-each)) ** (1 / GAMMA)));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, encode({ width, height, data, channels: 3, depth: 8 }));
}

/** Whether two images are the same, bit for bit. */
export function isSame(one, other) {
  return Buffer.from(one.buffer).equals(Buffer.from(other.buffer));
}
