import type { Allocator } from '../allocator/allocator';
import type { Target } from '../layout/definition';
import { type FieldType, give, giveNothing, reach } from '../layout/field-type';
import { OwnedBlock } from './owned-block';

/** The first block is for as many elements as there are in so many bytes. */
const FIRST_BYTES = 64;

/** Elements of one type, one after the other in a block that grows. */
export class Elements extends OwnedBlock implements Target {
  readonly type: FieldType;
  /** How many there are. */
  count = 0;
  /** For how many there is room. */
  capacity: number;

  constructor(allocator: Allocator, type: FieldType) {
    super(allocator, 'Vec');
    this.type = type;
    this.capacity = type.size === 0 ? Number.MAX_SAFE_INTEGER : 0;
  }

  /** Makes room for so many in all; false where the allocator has none. */
  room(count: number): boolean {
    if (this.memory.ended) {
      this.check();
    }
    return count <= this.capacity || this.#grow(count);
  }

  #grow(count: number): boolean {
    const { align, size } = this.type;
    const ample = Math.max(count, 2 * this.capacity, Math.floor(FIRST_BYTES / size));
    const done = [ample, count].some((each) => Number.isSafeInteger(each * size) && this.grow(each * size, align));
    if (done) {
      this.capacity = Math.floor(this.length / size);
    }
    return done;
  }

  /** Room for one more element, which is not counted yet. */
  take(): number {
    const { count, type } = this;
    if (!this.room(count + 1)) {
      return -1;
    }
    reach(this.memory, this.offsetOf(count + 1));
    return this.offsetOf(count) / type.align;
  }

  /** Where an element starts, in bytes. */
  offsetOf(index: number): number {
    return this.offset + index * this.type.size;
  }

  /** A view on elements, which does not know when the memory ends. */
  view<V extends NodeJS.TypedArray>(
    array: new (buffer: ArrayBuffer, byteOffset: number, length: number) => V,
    index: number,
    length: number,
  ): V {
    return length === 0
      ? new array(giveNothing(this.memory), 0, 0)
      : new array(give(this.memory, this.offsetOf(index + length)), this.offsetOf(index), length);
  }
}
