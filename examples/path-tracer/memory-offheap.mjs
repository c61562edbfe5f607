// Shapes are records in typed arenas. The scratch of a pixel is in an arena that is given back for each of them.
import { array, bool, f64, MemoryArena, struct, TypedArena, u16 } from 'offheap';

import { meetsFlat, meetsPlane, meetsSphere, vertexOnPlane, vertexOnSphere } from './geometry.mjs';

// The private fields are those of references, which are made once: arrays over the record's own memory, hoisted out of
// what is done for every ray.

class Sphere extends struct({ ball: array(f64, 4), material: u16 }) {
  #ball = this.ball;

  intersect(ray) {
    return meetsSphere(this.#ball, ray);
  }

  vertexAt(ray, count, scratch) {
    return vertexOnSphere(this.#ball, this.material, ray, count, scratch);
  }
}

class Plane extends struct({ plane: array(f64, 4), material: u16 }) {
  #plane = this.plane;

  intersect(ray) {
    return meetsPlane(this.#plane, ray);
  }

  vertexAt(ray, count, scratch) {
    return vertexOnPlane(this.#plane, this.material, ray, count, scratch);
  }
}

class Quad extends struct({ plane: array(f64, 4), a: array(f64, 4), b: array(f64, 4), material: u16 }) {
  #plane = this.plane;
  #a = this.a;
  #b = this.b;

  get isTriangle() {
    return false;
  }

  intersect(ray) {
    return meetsFlat(this.#plane, this.#a, this.#b, this.isTriangle, ray);
  }

  vertexAt(ray, count, scratch) {
    return vertexOnPlane(this.#plane, this.material, ray, count, scratch);
  }
}

class Triangle extends Quad {
  get isTriangle() {
    return true;
  }
}

/** Where a path meets a surface: the point, the normal, and what share of the light goes on. */
const Vertex = struct({
  x: f64,
  y: f64,
  z: f64,
  nx: f64,
  ny: f64,
  nz: f64,
  r: f64,
  g: f64,
  b: f64,
  boost: f64,
  material: u16,
  inside: bool,
});

export function makeShapes({ SPHERES, PLANES, QUADS, TRIANGLES }) {
  return [...keep(Sphere, SPHERES), ...keep(Plane, PLANES), ...keep(Quad, QUADS), ...keep(Triangle, TRIANGLES)];
}

/** References to records in an arena of their own. The scene stays as it is, so they are made once. */
function keep(Struct, values) {
  const arena = new TypedArena(Struct, values.length);
  values.forEach((value) => arena.push(value));
  return [...arena];
}

export class Memory {
  counts = { allocations: 0, resets: 0 };
  #arena = new MemoryArena();

  forPixel(render) {
    this.#arena.scope((allocator) => render(new Scratch(allocator, this.counts)));
    this.counts.resets++;
  }
}

/** What a pixel needs until it is done. A path writes over the ray and the vertices of the one before. */
class Scratch {
  path = [];
  length = 0;
  #allocator;
  #counts;
  #ray;

  constructor(allocator, counts) {
    this.#allocator = allocator;
    this.#counts = counts;
    this.#ray = this.numbers(7);
  }

  numbers(count) {
    this.#counts.allocations++;
    return this.#allocator.allocArray(Float64Array, count) ?? outOfMemory();
  }

  ray(x, y, z, dx, dy, dz, limit) {
    const ray = this.#ray;
    ray[0] = x;
    ray[1] = y;
    ray[2] = z;
    ray[3] = dx;
    ray[4] = dy;
    ray[5] = dz;
    ray[6] = limit;
    return ray;
  }

  vertex(index, x, y, z, nx, ny, nz, material, inside) {
    const vertex = this.path[index] ?? this.#addVertex();
    this.length = index + 1;
    vertex.x = x;
    vertex.y = y;
    vertex.z = z;
    vertex.nx = nx;
    vertex.ny = ny;
    vertex.nz = nz;
    vertex.boost = 1;
    vertex.material = material;
    vertex.inside = inside;
    return vertex;
  }

  /** The first path of the pixel that comes so far needs another one. */
  #addVertex() {
    this.#counts.allocations++;
    const vertex = this.#allocator.place(Vertex) ?? outOfMemory();
    this.path.push(vertex);
    return vertex;
  }
}

function outOfMemory() {
  throw new Error('There is no memory for the scratch of a pixel');
}
