// How flat shapes are described, so that rays find them with few multiplications: by vectors with a number each. For a
// point p, the first three components of one times p, less the fourth, is
//
// - of `plane`, how far p lies in front of it,
// - of `a` and `b`, how far p lies along the two edges, from 0 to 1.

export function plane(normal, point) {
  return [...normal, dot(normal, point)];
}

/** A parallelogram, by a corner and the two edges from it. Its normal is u × v. */
export function quad(corner, u, v) {
  const across = cross(u, v);
  const area = Math.hypot(...across);
  const normal = across.map((each) => each / area);
  const a = cross(v, normal).map((each) => each / area);
  const b = cross(normal, u).map((each) => each / area);
  return { plane: plane(normal, corner), a: plane(a, corner), b: plane(b, corner) };
}

/** The four sides of a pyramid on the floor: each is the half of a parallelogram that is a triangle. */
export function pyramid([x, y, z], radius, height, turn) {
  const corner = (i) => {
    const angle = turn + (i * Math.PI) / 2;
    return [x + radius * Math.cos(angle), y, z + radius * Math.sin(angle)];
  };
  const top = [x, y + height, z];
  return [0, 1, 2, 3].map((i) => quad(top, minus(corner(i + 1), top), minus(corner(i), top)));
}

function minus(a, b) {
  return a.map((each, i) => each - b[i]);
}

function dot(a, b) {
  return a.reduce((sum, each, i) => sum + each * b[i], 0);
}

function cross([ax, ay, az], [bx, by, bz]) {
  return [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
}
