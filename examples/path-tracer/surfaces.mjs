// What becomes of a ray where it meets a surface.

const CERTAIN = 2; // after so many vertices, paths end by chance
const GLASS = 1.5; // index of refraction
const DARK = 0.35; // the darker squares of a chequered surface

/**
 * Notes in a vertex what share of the light goes on, and answers the next ray of the path; `null` where it ends.
 *
 * @param count How many vertices the path has before this one.
 */
export function scatter(vertex, ray, count, { kind, r, g, b, check }, random, scratch) {
  if (kind === 'light') {
    vertex.r = 1;
    vertex.g = 1;
    vertex.b = 1;
    return null;
  }
  const shade = check > 0 && (Math.floor(vertex.x / check) + Math.floor(vertex.z / check)) % 2 !== 0 ? DARK : 1;
  vertex.r = r * shade;
  vertex.g = g * shade;
  vertex.b = b * shade;
  if (count >= CERTAIN) {
    // Those that go on stand for those that do not.
    const chance = Math.max(r, g, b) * shade;
    if (random.next() >= chance) {
      vertex.boost = 0;
      return null;
    }
    vertex.boost = 1 / chance;
  }
  if (kind === 'matte') {
    return diffuse(vertex, random, scratch);
  }
  return kind === 'mirror' ? reflect(vertex, ray, scratch) : refract(vertex, ray, random, scratch);
}

/** To anywhere, more often along the normal: to a point of a sphere that lies on the surface. */
function diffuse({ x, y, z, nx, ny, nz }, random, scratch) {
  const up = (2 * random.next() - 1) * (1 - 1e-9);
  const angle = 2 * Math.PI * random.next();
  const out = Math.sqrt(1 - up * up);
  const dx = nx + out * Math.cos(angle);
  const dy = ny + out * Math.sin(angle);
  const dz = nz + up;
  const length = Math.sqrt(dx * dx + dy * dy + dz * dz);
  return scratch.ray(x, y, z, dx / length, dy / length, dz / length, Infinity);
}

function reflect({ x, y, z, nx, ny, nz }, ray, scratch) {
  const twice = -2 * (ray[3] * nx + ray[4] * ny + ray[5] * nz);
  return scratch.ray(x, y, z, ray[3] + twice * nx, ray[4] + twice * ny, ray[5] + twice * nz, Infinity);
}

/** Through the surface, or back from it: more often at a flat angle, and always where it cannot leave the glass. */
function refract(vertex, ray, random, scratch) {
  const { x, y, z, nx, ny, nz, inside } = vertex;
  const ratio = inside ? GLASS : 1 / GLASS;
  const cosine = -(ray[3] * nx + ray[4] * ny + ray[5] * nz);
  const square = 1 - ratio * ratio * (1 - cosine * cosine);
  if (square < 0) {
    return reflect(vertex, ray, scratch);
  }
  const beyond = Math.sqrt(square);
  // Schlick's approximation.
  const least = ((1 - GLASS) / (1 + GLASS)) ** 2;
  const share = least + (1 - least) * (1 - (inside ? beyond : cosine)) ** 5;
  if (random.next() < share) {
    return reflect(vertex, ray, scratch);
  }
  const along = ratio * cosine - beyond;
  const dx = ratio * ray[3] + along * nx;
  const dy = ratio * ray[4] + along * ny;
  const dz = ratio * ray[5] + along * nz;
  return scratch.ray(x, y, z, dx, dy, dz, Infinity);
}
