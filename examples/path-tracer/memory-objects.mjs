// Everything as plain objects. Each ray and each vertex is a new one, and garbage when its path is done.
import { meetsFlat, meetsPlane, meetsSphere, vertexOnPlane, vertexOnSphere } from './geometry.mjs';

class Sphere {
  constructor({ ball, material }) {
    this.ball = ball;
    this.material = material;
  }

  intersect(ray) {
    return meetsSphere(this.ball, ray);
  }

  vertexAt(ray, count, scratch) {
    return vertexOnSphere(this.ball, this.material, ray, count, scratch);
  }
}

class Plane {
  constructor({ plane, material }) {
    this.plane = plane;
    this.material = material;
  }

  intersect(ray) {
    return meetsPlane(this.plane, ray);
  }

  vertexAt(ray, count, scratch) {
    return vertexOnPlane(this.plane, this.material, ray, count, scratch);
  }
}

class Quad {
  constructor({ plane, a, b, material }) {
    this.plane = plane;
    this.a = a;
    this.b = b;
    this.material = material;
  }

  get isTriangle() {
    return false;
  }

  intersect(ray) {
    return meetsFlat(this.plane, this.a, this.b, this.isTriangle, ray);
  }

  vertexAt(ray, count, scratch) {
    return vertexOnPlane(this.plane, this.material, ray, count, scratch);
  }
}

class Triangle extends Quad {
  get isTriangle() {
    return true;
  }
}

export class Vertex {
  constructor(x, y, z, nx, ny, nz, material, inside) {
    this.x = x;
    this.y = y;
    this.z = z;
    this.nx = nx;
    this.ny = ny;
    this.nz = nz;
    this.r = 0;
    this.g = 0;
    this.b = 0;
    this.boost = 1;
    this.material = material;
    this.inside = inside;
  }
}

export function makeShapes({ SPHERES, PLANES, QUADS, TRIANGLES }) {
  return [
    ...SPHERES.map((value) => new Sphere(value)),
    ...PLANES.map((value) => new Plane(value)),
    ...QUADS.map((value) => new Quad(value)),
    ...TRIANGLES.map((value) => new Triangle(value)),
  ];
}

export class Memory {
  counts = { allocations: 0, resets: 0 };

  forPixel(render) {
    render(new Scratch(this.counts));
  }
}

class Scratch {
  path = [];
  length = 0;
  #counts;

  constructor(counts) {
    this.#counts = counts;
  }

  numbers(count) {
    this.#counts.allocations++;
    return new Array(count);
  }

  ray(x, y, z, dx, dy, dz, limit) {
    this.#counts.allocations++;
    return [x, y, z, dx, dy, dz, limit];
  }

  vertex(index, x, y, z, nx, ny, nz, material, inside) {
    this.#counts.allocations++;
    const vertex = new Vertex(x, y, z, nx, ny, nz, material, inside);
    this.path[index] = vertex;
    this.length = index + 1;
    return vertex;
  }
}
