// The path tracer, which knows nothing of how shapes, rays and vertices are kept.
import { Random } from './random.mjs';
import { CAMERA, LAMP, MATERIALS, SKY } from './scene.mjs';
import { scatter } from './surfaces.mjs';

const DEPTH = 8; // vertices of a path, at most
const BRIGHTEST = 3; // what a path counts for at most: brighter ones would be specks
const LAMP_AREA = LAMP.width * LAMP.depth;

export class Tracer {
  rays = 0;
  #shapes;
  #size;
  #random = new Random();
  /** What the last path has brought: red, green and blue. */
  #light = new Float64Array(3);

  constructor(shapes, size) {
    this.#shapes = shapes;
    this.#size = size;
  }

  /** Puts the light that comes through a pixel into `image`: three numbers, the mean of many paths. */
  render(px, py, image, scratch) {
    const { width, height, samples } = this.#size;
    const light = this.#light;
    const at = (py * width + px) * 3;
    this.#random.seed(py * width + px);
    const across = this.#spread(scratch.numbers(samples));
    const down = this.#spread(scratch.numbers(samples));
    const lampX = this.#spread(scratch.numbers(samples));
    const lampZ = this.#spread(scratch.numbers(samples));
    for (let i = 0; i < samples; i++) {
      const x = ((px + across[i] - width / 2) / height) * CAMERA.view;
      const y = ((height / 2 - py - down[i]) / height) * CAMERA.view;
      const escapes = this.#walk(x, y, scratch);
      this.#gather(escapes, lampX[i], lampZ[i], scratch);
      const weight = Math.min(1, BRIGHTEST / Math.max(light[0], light[1], light[2])) / samples;
      image[at] += light[0] * weight;
      image[at + 1] += light[1] * weight;
      image[at + 2] += light[2] * weight;
    }
  }

  /** Fills a list with numbers from 0 to 1 that lie evenly, in random order. So there is less noise. */
  #spread(numbers) {
    const { samples } = this.#size;
    for (let i = 0; i < samples; i++) {
      const other = Math.floor(this.#random.next() * (i + 1));
      numbers[i] = (i + this.#random.next()) / samples;
      const number = numbers[other];
      numbers[other] = numbers[i];
      numbers[i] = number;
    }
    return numbers;
  }

  /** Goes the way of the light back from the camera, a vertex for each surface; true where it leaves the room. */
  #walk(x, y, scratch) {
    const length = Math.sqrt(x * x + y * y + 1);
    scratch.length = 0;
    let ray = scratch.ray(CAMERA.x, CAMERA.y, CAMERA.z, x / length, y / length, -1 / length, Infinity);
    for (let count = 0; count < DEPTH && ray !== null; count++) {
      const shape = this.#nearest(ray);
      if (shape === null) {
        return true;
      }
      const vertex = shape.vertexAt(ray, count, scratch);
      ray = scatter(vertex, ray, count, MATERIALS[vertex.material], this.#random, scratch);
    }
    return false;
  }

  /** The shape at which a ray ends, if there is one. */
  #nearest(ray) {
    const shapes = this.#shapes;
    let nearest = null;
    this.rays++;
    for (let i = 0; i < shapes.length; i++) {
      if (shapes[i].intersect(ray)) {
        nearest = shapes[i];
      }
    }
    return nearest;
  }

  /** Carries the light from the end of the path to the camera, and adds what each vertex has from the lamp. */
  #gather(escapes, lampX, lampZ, scratch) {
    const { path } = scratch;
    let r = escapes ? SKY.r : 0;
    let g = escapes ? SKY.g : 0;
    let b = escapes ? SKY.b : 0;
    for (let i = scratch.length - 1; i >= 0; i--) {
      const vertex = path[i];
      const { kind } = MATERIALS[vertex.material];
      // A lamp that a matte surface sees is what `#lampLight` has already counted there.
      const isCounted = kind === 'light' && i > 0 && MATERIALS[path[i - 1].material].kind === 'matte';
      const own = kind === 'light' && !isCounted && !vertex.inside ? 1 : 0;
      const lit = kind === 'matte' ? this.#lampLight(vertex, i === 0, lampX, lampZ, scratch) : own;
      const { boost } = vertex;
      r = vertex.r * (lit * LAMP.r + r * boost);
      g = vertex.g * (lit * LAMP.g + g * boost);
      b = vertex.b * (lit * LAMP.b + b * boost);
    }
    this.#light[0] = r;
    this.#light[1] = g;
    this.#light[2] = b;
  }

  /** How much of the lamp's light comes to a vertex, by one point of the lamp: what many of them see is a soft shadow. */
  #lampLight({ x, y, z, nx, ny, nz }, isFirst, lampX, lampZ, scratch) {
    const dx = LAMP.x + (isFirst ? lampX : this.#random.next()) * LAMP.width - x;
    const dy = LAMP.y - y;
    const dz = LAMP.z + (isFirst ? lampZ : this.#random.next()) * LAMP.depth - z;
    const facing = dx * nx + dy * ny + dz * nz;
    if (facing <= 0 || dy <= 0) {
      return 0;
    }
    const square = dx * dx + dy * dy + dz * dz;
    const distance = Math.sqrt(square);
    const ray = scratch.ray(x, y, z, dx / distance, dy / distance, dz / distance, distance * (1 - 1e-6));
    return this.#isBlocked(ray) ? 0 : ((facing * dy) / (square * square)) * (LAMP_AREA / Math.PI);
  }

  #isBlocked(ray) {
    const shapes = this.#shapes;
    this.rays++;
    for (let i = 0; i < shapes.length; i++) {
      if (shapes[i].intersect(ray)) {
        return true;
      }
    }
    return false;
  }
}
