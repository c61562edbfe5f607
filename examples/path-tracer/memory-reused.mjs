// Objects again, and a path writes over the ray and the vertices of the one before: a pool, as one would write it by hand.
import { Vertex } from './memory-objects.mjs';

export { makeShapes } from './memory-objects.mjs';

export class Memory {
  counts = { allocations: 0, resets: 0 };
  #scratch = new Scratch(this.counts);

  forPixel(render) {
    render(this.#scratch);
  }
}

class Scratch {
  path = [];
  length = 0;
  #counts;
  #ray = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];

  constructor(counts) {
    this.#counts = counts;
  }

  numbers(count) {
    this.#counts.allocations++;
    return new Array(count);
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
    this.length = index + 1;
    if (index === this.path.length) {
      this.#counts.allocations++;
      this.path.push(new Vertex(x, y, z, nx, ny, nz, material, inside));
      return this.path[index];
    }
    const vertex = this.path[index];
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
}
