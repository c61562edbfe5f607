// The record of five fields that the questions about records ask for, as offheap has it, as an object, and by hand.
import { f32, f64, struct, u32 } from '../../dist/index.mjs';

export class Body extends struct({ id: u32, x: f32, y: f32, z: f32, mass: f64 }) {
  speed() {
    return this.x + this.y;
  }
}

export class BodyObject {
  constructor(id, x, y, z, mass) {
    this.id = id;
    this.x = x;
    this.y = y;
    this.z = z;
    this.mass = mass;
  }

  speed() {
    return this.x + this.y;
  }
}

/** What one writes who does without a library: the same layout, a check for room, and one for the index. */
export class BodiesByHand {
  constructor(capacity) {
    const buffer = new ArrayBuffer(capacity * 24);
    this.u32 = new Uint32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.capacity = capacity;
    this.length = 0;
  }

  push(id, x, y, z, mass) {
    const index = this.length;
    if (index === this.capacity) {
      return -1;
    }
    const start = index * 6;
    this.u32[start] = id;
    this.f32[start + 1] = x;
    this.f32[start + 2] = y;
    this.f32[start + 3] = z;
    this.f64[index * 3 + 2] = mass;
    this.length = index + 1;
    return index;
  }

  x(index) {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`no body ${index}`);
    }
    return this.f32[index * 6 + 1];
  }

  setX(index, x) {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`no body ${index}`);
    }
    this.f32[index * 6 + 1] = x;
  }
}

/** The same by a DataView, which takes any offset and either order of bytes. */
export class BodiesInDataView {
  constructor(capacity) {
    this.view = new DataView(new ArrayBuffer(capacity * 24));
    this.capacity = capacity;
    this.length = 0;
  }

  push(id, x, y, z, mass) {
    const index = this.length;
    if (index === this.capacity) {
      return -1;
    }
    const { view } = this;
    const start = index * 24;
    view.setUint32(start, id, true);
    view.setFloat32(start + 4, x, true);
    view.setFloat32(start + 8, y, true);
    view.setFloat32(start + 12, z, true);
    view.setFloat64(start + 16, mass, true);
    this.length = index + 1;
    return index;
  }

  x(index) {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`no body ${index}`);
    }
    return this.view.getFloat32(index * 24 + 4, true);
  }

  setX(index, x) {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`no body ${index}`);
    }
    this.view.setFloat32(index * 24 + 4, x, true);
  }
}

/** Arguments for body `i`, as text: doubles that are no small integers, as such fields have. */
export const VALUES = 'i, i * 0.5, 1.5, i * 0.25, i * 1.5';
export const INIT = '{ id: i, x: i * 0.5, y: 1.5, z: i * 0.25, mass: i * 1.5 }';
