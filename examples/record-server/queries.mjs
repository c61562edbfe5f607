// What is asked, the same for both stores: their readings have the same properties, to read and to assign.

const METRES_PER_DEGREE = 111_320;

/** Where a vehicle is, and what it did in its last readings, the newest of which is the first. */
export function summarize(readings) {
  const newest = readings[0];
  let metres = 0;
  let topSpeed = 0;
  let speeds = 0;
  let openAlerts = 0;
  let after = newest;
  for (const reading of readings) {
    metres += distance(reading, after);
    topSpeed = Math.max(topSpeed, reading.speed);
    speeds += reading.speed;
    openAlerts += isOpenAlert(reading) ? 1 : 0;
    after = reading;
  }
  const { time, latitude, longitude, fuel, status, driver } = newest;
  const meanSpeed = speeds / readings.length;
  return {
    time,
    latitude,
    longitude,
    fuel,
    status,
    driver,
    metres: Math.round(metres),
    topSpeed,
    meanSpeed,
    openAlerts,
  };
}

/** Close enough for two places that are less than a mile apart. */
function distance(from, to) {
  const north = to.latitude - from.latitude;
  const east = (to.longitude - from.longitude) * Math.cos((from.latitude * Math.PI) / 180);
  return Math.hypot(north, east) * METRES_PER_DEGREE;
}

function isOpenAlert(reading) {
  return reading.status === 'alert' && !reading.acknowledged;
}

/** Takes note that somebody has seen the alerts, and answers how many there were. */
export function acknowledge(readings) {
  const open = readings.filter(isOpenAlert);
  for (const reading of open) {
    reading.acknowledged = true;
  }
  return { acknowledged: open.length };
}

/** Keeps what has come in, and answers how many readings were of vehicles that nobody knows. */
export function keep(store, readings) {
  let unknown = 0;
  for (const reading of readings) {
    unknown += store.add(reading) ? 0 : 1;
  }
  return { kept: readings.length - unknown, unknown };
}

/** One pass over everything. */
export function summarizeFleet(store) {
  let readings = 0;
  let topSpeed = 0;
  let speeds = 0;
  store.forEachSpeed((speed) => {
    readings++;
    topSpeed = Math.max(topSpeed, speed);
    speeds += speed;
  });
  return { readings, topSpeed, meanSpeed: speeds / readings };
}
