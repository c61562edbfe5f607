// Writes the file that the servers are loaded from: what a database would export, vehicle by vehicle.
import { open, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { seeded } from '../support/random.mjs';
import { COLUMNS, vehicleNumber, WINDOW } from './reading.mjs';

const START = Date.UTC(2025, 5, 2, 6);
const INTERVAL = 30_000; // milliseconds from one reading to the next
const CITIES = [
  [52.52, 13.4],
  [48.85, 2.35],
  [41.39, 2.17],
  [59.33, 18.07],
  [50.09, 14.42],
];
const FLUSH = 1024 * 1024;

/**
 * Makes the file unless it is there from an earlier run.
 *
 * @param {(done: number) => void} onProgress Given the number of readings so far.
 * @returns {Promise<boolean>} Whether it had to be made.
 */
export async function makeInput(path, vehicles, onProgress) {
  if (await stat(path).catch(() => null)) {
    return false;
  }
  await mkdir(dirname(path), { recursive: true });
  // Under another name until it is complete, so that a run that was stopped leaves nothing that looks like a file.
  const unfinished = `${path}.${process.pid}`;
  const file = await open(unfinished, 'w');
  try {
    await write(file, vehicles, onProgress);
    // Or the system would still be writing while the first server is measured.
    await file.sync();
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(unfinished, { force: true });
    throw error;
  }
  return true;
}

async function write(file, vehicles, onProgress) {
  const random = seeded(1);
  let lines = `${COLUMNS.join(',')}\n`;
  for (let i = 0; i < vehicles; i++) {
    lines += drive(vehicleNumber(i), random);
    if (lines.length > FLUSH || i === vehicles - 1) {
      await file.write(lines);
      lines = '';
      onProgress((i + 1) * WINDOW);
    }
  }
}

/** The readings of one vehicle: it drives, waits at lights, parks, and now and then something is wrong. */
function drive(vehicle, random) {
  const [latitude, longitude] = CITIES[random.integer(0, CITIES.length - 1)];
  // Counted in 1/100,000 degree, about a metre, which is as exact as such devices are.
  let north = Math.round((latitude + random() - 0.5) * 1e5);
  let east = Math.round((longitude + random() - 0.5) * 1e5);
  let odometer = random.integer(1_000, 400_000_000);
  let heading = random.integer(0, 359);
  let fuel = random.integer(20, 100);
  let status = 'moving';
  const driver = `K-${random.integer(100_000, 999_999)}`;
  let lines = '';
  for (let i = 0; i < WINDOW; i++) {
    if (random() < 0.15) {
      status = random() < 0.03 ? 'alert' : ['moving', 'moving', 'idle', 'parked'][random.integer(0, 3)];
    }
    const speed = status === 'moving' ? random.integer(15, 95) : status === 'alert' ? random.integer(100, 160) : 0;
    const metres = Math.round((speed / 3.6) * (INTERVAL / 1000));
    heading = speed > 0 ? (heading + random.integer(-40, 40) + 360) % 360 : heading;
    north += Math.round(metres * 0.9 * Math.cos((heading * Math.PI) / 180));
    east += Math.round(metres * 1.4 * Math.sin((heading * Math.PI) / 180));
    odometer += metres;
    fuel -= fuel > 5 && random() < 0.02 ? 1 : 0;
    const time = START + i * INTERVAL + (vehicle % INTERVAL);
    const place = `${north / 1e5},${east / 1e5}`;
    lines += `${time},${place},${vehicle},${odometer},${speed},${heading},${fuel},${random.integer(5, 14)},${status},${driver}\n`;
  }
  return lines;
}
