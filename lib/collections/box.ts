import { inspect, type InspectOptions } from 'node:util';

import type { Allocator } from '../allocator/allocator';
import { markAsUncloneable } from '../arguments';
import { illegalConstructor } from '../errors';
import type { FieldType } from '../layout/field-type';
import type { ElementInit, ElementOf, Init, StructClass } from '../layout/types';
import { elementType, nameOf, NO_RECORD } from './element';
import { OwnedBlock } from './owned-block';

/**
 * One value in a block of its own, in any allocator.
 *
 * It is stale, and throws `ERR_OFFHEAP_STALE`, once it was freed or the allocator has given up the memory: started over, left
 * a scope, been disposed of.
 *
 * @typeParam T What reading answers: a scalar, or a reference to a record.
 * @typeParam I What can be written.
 *
 * @example
 * ```js
 * import { Box, f64, heap } from 'offheap';
 *
 * const box = Box.newIn(heap, f64, 12.5);
 * box.value *= 2;
 * console.log(box.value); // → 25
 * box.free();
 * ```
 */
export class Box<T, I = T> {
  readonly #type: FieldType;
  readonly #block: OwnedBlock;

  /** @internal */
  constructor(type: FieldType, block: OwnedBlock) {
    if (!(block instanceof OwnedBlock)) {
      throw illegalConstructor('Boxes are made by Box.newIn(allocator, type, value). Received new Box()');
    }
    this.#type = type;
    this.#block = block;
    markAsUncloneable?.(this);
  }

  /**
   * Puts a value into a block of an allocator; `null` where that is full.
   *
   * @param type A field type such as `f64`, or a class made by `struct()`, without `text` fields and links.
   * @param value Default: zero, and for each field of a struct that it leaves out.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit.
   */
  static newIn<T extends object>(allocator: Allocator, type: StructClass<T>, value?: Init<T>): Box<T, Init<T>> | null;
  static newIn<E extends FieldType>(
    allocator: Allocator,
    type: E,
    value?: ElementInit<E>,
  ): Box<ElementOf<E>, ElementInit<E>> | null;
  static newIn(allocator: Allocator, type: unknown, value?: unknown): Box<unknown> | null {
    const element = elementType(type);
    const block = new OwnedBlock(allocator, 'Box');
    const accepted = value === undefined ? element.zero : element.accept(value, 'value');
    if (!block.grow(element.size, element.align)) {
      return null;
    }
    element.write(block.memory, block.offset, accepted as never);
    return new Box(element, block);
  }

  /** The value: of a struct a reference, through which its fields can be read and written. */
  get value(): T {
    this.#block.check();
    return this.#type.read(this.#block.memory, this.#block.offset, NO_RECORD) as T;
  }

  /** Writes the value: of a struct all fields, those that the object leaves out being zero. */
  set value(value: T | I) {
    const accepted = this.#type.accept(value, 'value');
    this.#block.check();
    this.#type.assign(this.#block.memory, this.#block.offset, accepted as never);
  }

  /**
   * Gives the block back to the allocator.
   *
   * @throws OffheapError `ERR_OFFHEAP_DOUBLE_FREE` the second time, `ERR_OFFHEAP_STALE` where the memory has been given up
   * before.
   */
  free(): void {
    this.#block.free();
  }

  /** Frees it, if it is still there. Idempotent. */
  [Symbol.dispose](): void {
    this.#block.dispose();
  }

  [inspect.custom](_depth: number, options: InspectOptions, inspectValue: typeof inspect): string {
    const name = `Box<${nameOf(this.#type)}>`;
    try {
      return `${name} { ${inspectValue(this.value, options)} }`;
    } catch {
      return `${name} { stale }`;
    }
  }
}
