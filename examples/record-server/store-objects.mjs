// The same with an object for each reading, as one would write it without arenas.
import { readReadings, STATUSES, WINDOW } from './reading.mjs';

class Reading {
  constructor(time, latitude, longitude, vehicle, odometer, speed, heading, fuel, satellites, status, driver) {
    this.time = time;
    this.latitude = latitude;
    this.longitude = longitude;
    this.vehicle = vehicle;
    this.odometer = odometer;
    this.speed = speed;
    this.heading = heading;
    this.fuel = fuel;
    this.satellites = satellites;
    this.status = status;
    this.driver = driver;
    this.acknowledged = false;
  }
}

const statuses = new Map(STATUSES.map((status) => [status, status]));

/**
 * The status as the string that all readings share. One that was cut out of a file or a request is memory of its own,
 * however many there are that are equal to it.
 */
export function sharedStatus(status) {
  return statuses.get(status);
}

/** One vehicle and its window. */
class Vehicle {
  readings = [];
  /** Which reading is the next to be replaced. */
  next = 0;
  driver = '';

  /** The driver's name as the string that this vehicle's readings share. */
  sharedDriver(driver) {
    if (driver !== this.driver) {
      this.driver = driver;
    }
    return this.driver;
  }
}

export class Store {
  #vehicles = new Map();

  async load(path) {
    let current = -1;
    let vehicle;
    await readReadings(path, (time, latitude, longitude, number, ...others) => {
      if (number !== current) {
        current = number;
        vehicle = new Vehicle();
        this.#vehicles.set(number, vehicle);
      }
      const [odometer, speed, heading, fuel, satellites, status, driver] = others;
      vehicle.readings.push(
        new Reading(
          time,
          latitude,
          longitude,
          number,
          odometer,
          speed,
          heading,
          fuel,
          satellites,
          sharedStatus(status),
          vehicle.sharedDriver(driver),
        ),
      );
    });
  }

  /** Keeps a reading in the place of the vehicle's oldest one. False for a vehicle that is not known. */
  add(reading) {
    const vehicle = this.#vehicles.get(reading.vehicle);
    if (vehicle === undefined) {
      return false;
    }
    this.replaceOldest(vehicle, reading);
    vehicle.next = (vehicle.next + 1) % WINDOW;
    return true;
  }

  replaceOldest(vehicle, reading) {
    vehicle.readings[vehicle.next] = new Reading(
      reading.time,
      reading.latitude,
      reading.longitude,
      reading.vehicle,
      reading.odometer,
      reading.speed,
      reading.heading,
      reading.fuel,
      reading.satellites,
      sharedStatus(reading.status),
      vehicle.sharedDriver(reading.driver),
    );
  }

  /** The last readings of a vehicle, the newest first, to read and to change; `null` where there is no such vehicle. */
  last(number, count) {
    const vehicle = this.#vehicles.get(number);
    return vehicle === undefined
      ? null
      : Array.from({ length: count }, (_, i) => vehicle.readings[(vehicle.next + WINDOW - 1 - i) % WINDOW]);
  }

  /** The speeds of all readings there are, for what is asked about the whole fleet. */
  forEachSpeed(visit) {
    for (const { readings } of this.#vehicles.values()) {
      for (const { speed } of readings) {
        visit(speed);
      }
    }
  }
}
