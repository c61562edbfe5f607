// The subject: vehicles that report where they are. The server keeps the last readings of each of them.
import { createReadStream } from 'node:fs';

/** How many readings the server keeps of each vehicle. The file has as many. */
export const WINDOW = 100;

export const STATUSES = ['moving', 'idle', 'parked', 'alert'];

/** The columns of the file, in the order of the fields of a reading. */
export const COLUMNS = [
  'time', // milliseconds since 1970
  'latitude',
  'longitude',
  'vehicle',
  'odometer', // metres
  'speed', // km/h
  'heading', // degrees
  'fuel', // percent
  'satellites',
  'status',
  'driver',
];

/** Numbers with gaps, as numbers of vehicles are, so that finding one takes an index. */
export function vehicleNumber(i) {
  return 10_000 + 7 * i;
}

/**
 * Calls `add` with the values of each line, in the order of `COLUMNS`. Both stores are loaded by it, so that loading
 * differs only in how a reading is kept.
 */
export async function readReadings(path, add) {
  let rest = '';
  let isHead = true;
  for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 1024 * 1024 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (isHead) {
        isHead = false;
        continue;
      }
      const [time, latitude, longitude, vehicle, odometer, speed, heading, fuel, satellites, status, driver] =
        line.split(',');
      // One by one: an array of all of them would be one of doubles, and make doubles of the integers, too, each of
      // which takes an object of its own in the heap.
      add(
        Number(time),
        Number(latitude),
        Number(longitude),
        Number(vehicle),
        Number(odometer),
        Number(speed),
        Number(heading),
        Number(fuel),
        Number(satellites),
        status,
        driver,
      );
    }
  }
}
