// What clients send: dashboards that look at vehicles, and gateways that pass on what trackers have sent to them.
import { STATUSES, vehicleNumber } from './reading.mjs';

/** Readings that a gateway sends at once. */
const BATCH = 100;

/** By what is asked, with its share of all requests. */
const kinds = {
  summary: { share: 0.45, make: (vehicle) => ({ path: `/vehicles/${vehicle()}/summary?last=60` }) },
  batch: { share: 0.4, make: batch },
  log: { share: 0.1, make: (vehicle) => ({ path: `/vehicles/${vehicle()}/log?last=50` }) },
  alerts: { share: 0.05, make: (vehicle) => ({ path: `/vehicles/${vehicle()}/acknowledge`, body: '' }) },
};

export const KINDS = Object.keys(kinds);

/** A function that makes another request each time, of any kind or of one. Those with a body are sent with POST. */
export function requestMaker(random, vehicles) {
  const vehicle = () => vehicleNumber(random.integer(0, vehicles - 1));
  return (kind = pick(random)) => kinds[kind].make(vehicle, random);
}

function pick(random) {
  let at = random();
  return KINDS.find((kind) => (at -= kinds[kind].share) < 0) ?? KINDS[0];
}

function batch(vehicle, random) {
  const time = Date.now();
  const readings = Array.from({ length: BATCH }, () => reading(vehicle(), time - random.integer(0, 5_000), random));
  return { path: '/readings', body: JSON.stringify(readings) };
}

function reading(vehicle, time, random) {
  const status = random() < 0.01 ? 'alert' : STATUSES[random.integer(0, 2)];
  return {
    time,
    latitude: random.integer(41_00000, 60_00000) / 1e5,
    longitude: random.integer(2_00000, 18_00000) / 1e5,
    vehicle,
    odometer: random.integer(1_000, 400_000_000),
    speed: status === 'moving' ? random.integer(15, 95) : status === 'alert' ? random.integer(100, 160) : 0,
    heading: random.integer(0, 359),
    fuel: random.integer(5, 100),
    satellites: random.integer(5, 14),
    status,
    // Drivers change seldom: as many as vehicles, and of each vehicle mostly the same.
    driver: `K-${100_000 + (vehicle % 900_000)}`,
  };
}
