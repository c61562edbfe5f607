// Where rays meet shapes. It is all the same to it what the numbers are kept in.
//
// A ray is seven numbers: three of the point where it starts, three of its direction, and how far it goes. What it meets
// makes it shorter, so in the end it reaches to the nearest shape.

/** Nearer than that is where the ray starts. */
const NEAR = 1e-6;

/** @param ball Centre and radius. */
export function meetsSphere(ball, ray) {
  const x = ball[0] - ray[0];
  const y = ball[1] - ray[1];
  const z = ball[2] - ray[2];
  const middle = x * ray[3] + y * ray[4] + z * ray[5];
  const square = middle * middle - (x * x + y * y + z * z) + ball[3] * ball[3];
  if (square < 0) {
    return false;
  }
  const half = Math.sqrt(square);
  return shorten(ray, middle - half) || shorten(ray, middle + half);
}

export function meetsPlane(plane, ray) {
  return shorten(ray, distanceTo(plane, ray));
}

/** A parallelogram, or the half of it that is a triangle. */
export function meetsFlat(plane, a, b, isTriangle, ray) {
  const distance = distanceTo(plane, ray);
  if (!isNearer(ray, distance)) {
    return false;
  }
  const alongA = share(a, ray, distance);
  const alongB = share(b, ray, distance);
  const isInside = alongA >= 0 && alongB >= 0 && (isTriangle ? alongA + alongB <= 1 : alongA <= 1 && alongB <= 1);
  return isInside && shorten(ray, distance);
}

function distanceTo(plane, ray) {
  const height = plane[3] - ray[0] * plane[0] - ray[1] * plane[1] - ray[2] * plane[2];
  return height / (ray[3] * plane[0] + ray[4] * plane[1] + ray[5] * plane[2]);
}

/** How far along an edge a ray is at a distance. */
function share(edge, ray, distance) {
  const x = ray[0] + distance * ray[3];
  const y = ray[1] + distance * ray[4];
  const z = ray[2] + distance * ray[5];
  return x * edge[0] + y * edge[1] + z * edge[2] - edge[3];
}

function isNearer(ray, distance) {
  return distance > NEAR && distance < ray[6];
}

function shorten(ray, distance) {
  const isHit = isNearer(ray, distance);
  if (isHit) {
    ray[6] = distance;
  }
  return isHit;
}

/** A vertex at the end of a ray, on a sphere. */
export function vertexOnSphere(ball, material, ray, count, scratch) {
  const x = ray[0] + ray[6] * ray[3];
  const y = ray[1] + ray[6] * ray[4];
  const z = ray[2] + ray[6] * ray[5];
  const nx = (x - ball[0]) / ball[3];
  const ny = (y - ball[1]) / ball[3];
  const nz = (z - ball[2]) / ball[3];
  // The normal looks to where the ray has come from.
  return ray[3] * nx + ray[4] * ny + ray[5] * nz > 0
    ? scratch.vertex(count, x, y, z, -nx, -ny, -nz, material, true)
    : scratch.vertex(count, x, y, z, nx, ny, nz, material, false);
}

/** The same on something flat. */
export function vertexOnPlane(plane, material, ray, count, scratch) {
  const x = ray[0] + ray[6] * ray[3];
  const y = ray[1] + ray[6] * ray[4];
  const z = ray[2] + ray[6] * ray[5];
  return ray[3] * plane[0] + ray[4] * plane[1] + ray[5] * plane[2] > 0
    ? scratch.vertex(count, x, y, z, -plane[0], -plane[1], -plane[2], material, true)
    : scratch.vertex(count, x, y, z, plane[0], plane[1], plane[2], material, false);
}
