// Objects again, and a new reading is written over the oldest one's object: less usual, and less work for the collector.
import { sharedStatus, Store as Objects } from './store-objects.mjs';

export class Store extends Objects {
  replaceOldest(vehicle, reading) {
    const oldest = vehicle.readings[vehicle.next];
    oldest.time = reading.time;
    oldest.latitude = reading.latitude;
    oldest.longitude = reading.longitude;
    oldest.odometer = reading.odometer;
    oldest.speed = reading.speed;
    oldest.heading = reading.heading;
    oldest.fuel = reading.fuel;
    oldest.satellites = reading.satellites;
    oldest.status = sharedStatus(reading.status);
    oldest.driver = vehicle.sharedDriver(reading.driver);
    oldest.acknowledged = false;
  }
}
