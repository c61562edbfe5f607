// The readings as records in an arena. The garbage collector sees the index of vehicles and none of the readings.
import { bool, f64, oneOf, str, struct, TypedArenaLazy, u16, u32, u8 } from 'offheap';

import { readReadings, STATUSES, WINDOW } from './reading.mjs';

class Reading extends struct({
  time: f64,
  latitude: f64,
  longitude: f64,
  vehicle: u32,
  odometer: u32,
  speed: u16,
  heading: u16,
  fuel: u8,
  satellites: u8,
  status: oneOf(...STATUSES),
  driver: str(8),
  acknowledged: bool,
}) {}

export class Store {
  /** Addresses for 64 million readings; memory comes with the readings. */
  #readings = new TypedArenaLazy(Reading, 64_000_000);
  /** By number: where the window of a vehicle begins, and which of its readings is the next to be replaced. */
  #vehicles = new Map();

  async load(path) {
    await readReadings(path, (...values) => {
      if (this.#readings.pushValues(...values, false) < 0) {
        throw new Error(`There is no room for more than ${this.#readings.length} readings`);
      }
    });
    this.#makeIndex();
  }

  /** Loads what `save` has written. Nothing is parsed: the file has the records as they lie in memory. */
  async restore(path) {
    this.#readings.dispose();
    this.#readings = await TypedArenaLazy.load(Reading, path);
    this.#makeIndex();
  }

  save(path) {
    return this.#readings.save(path);
  }

  #makeIndex() {
    const vehicles = this.#readings.column('vehicle');
    const times = this.#readings.column('time');
    for (let first = 0; first < vehicles.length; first += WINDOW) {
      let next = 1;
      while (next < WINDOW && times.at(first + next) >= times.at(first + next - 1)) {
        next++;
      }
      this.#vehicles.set(vehicles.at(first), { first, next: next % WINDOW });
    }
  }

  /** Keeps a reading in the place of the vehicle's oldest one. False for a vehicle that is not known. */
  add(reading) {
    const vehicle = this.#vehicles.get(reading.vehicle);
    if (vehicle === undefined) {
      return false;
    }
    const record = this.#readings.at(vehicle.first + vehicle.next);
    vehicle.next = (vehicle.next + 1) % WINDOW;
    record.time = reading.time;
    record.latitude = reading.latitude;
    record.longitude = reading.longitude;
    record.odometer = reading.odometer;
    record.speed = reading.speed;
    record.heading = reading.heading;
    record.fuel = reading.fuel;
    record.satellites = reading.satellites;
    record.status = reading.status;
    record.driver = reading.driver;
    record.acknowledged = false;
    return true;
  }

  /** The last readings of a vehicle, the newest first, to read and to change; `null` where there is no such vehicle. */
  last(number, count) {
    const vehicle = this.#vehicles.get(number);
    return vehicle === undefined
      ? null
      : Array.from({ length: count }, (_, i) =>
          this.#readings.at(vehicle.first + ((vehicle.next + WINDOW - 1 - i) % WINDOW)),
        );
  }

  /** The speeds of all readings there are, for what is asked about the whole fleet. */
  forEachSpeed(visit) {
    const speeds = this.#readings.column('speed');
    for (let i = 0; i < speeds.length; i++) {
      visit(speeds.at(i));
    }
  }
}
