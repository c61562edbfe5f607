import { inspect } from 'node:util';

import { invalidType, OffheapError } from '../errors';
import type { FieldName, FieldOf, FieldValue, Init, StructClass } from '../layout/types';
import { definitionOf } from '../layout/definition';
import type { RecordClass } from '../layout/field-type';
import { acceptInit, writeFields } from '../layout/struct-type';
import { EagerRegion, type Region } from '../memory/region';
import { checkSize, formatBytes } from '../sizes';
import { type Column, columnOf } from './column';
import { specialize } from './generated-arena';
import { checkFunction, checkOptions, markAsUncloneable, wrongCount } from '../arguments';
import { loadRecords, type RecordSource, type RecordTarget, saveRecords } from './record-file';
import { type DropHook, Records } from './records';
import { type ArenaStats, statsOf } from './stats';

/** What becomes of the records of a typed arena, and the room for their texts. */
export interface TypedArenaOptions<T> {
  /**
   * Called once for each live record when the arena is reset or disposed of, the newest first. The reference is moved from
   * record to record; the arena cannot be used meanwhile.
   */
  drop?: (record: T, index: number) => void;
  /**
   * For structs with `text` fields: how many bytes the texts of all records can take together.
   * Default: 64 for each record of the capacity.
   */
  textBytes?: number;
}

let recordsOf: (arena: object) => Records;

/**
 * An arena of records of one struct, over one fixed ArrayBuffer. Records lie one after the other and are counted by index.
 * A class that extends it works, with methods that are several times slower: V8 cannot fit them to one struct.
 *
 * Running out of room is answered with `null` or `-1`, and changes nothing. Every method throws an OffheapError
 * `ERR_OFFHEAP_DISPOSED` after `dispose()`, and `ERR_OFFHEAP_EXCLUSIVE` when it is called by a drop hook.
 *
 * @typeParam T The class of the records.
 *
 * @example
 * ```js
 * import { f64, struct, TypedArena, u32 } from 'offheap';
 *
 * const Order = struct({ id: u32, price: f64 });
 * const orders = new TypedArena(Order, 1000, { drop: ({ id }) => console.log(`order ${id} is gone`) });
 * orders.push({ id: 1, price: 12.5 });
 * orders.reset(); // → order 1 is gone
 * ```
 */
export class TypedArena<T extends object> implements Iterable<T> {
  readonly #records!: Records;

  static {
    recordsOf = (arena) => (arena as TypedArena<object>).#records;
  }

  /**
   * @param Struct A class made by `struct()`, or a subclass of one.
   * @param count The capacity in records, all of it allocated now.
   * @throws OffheapError `ERR_OFFHEAP_TOO_LARGE` where the records would need a longer ArrayBuffer than the runtime has,
   * `ERR_OFFHEAP_OS` where there is no memory.
   */
  constructor(Struct: StructClass<T>, count: number, options?: TypedArenaOptions<T>);
  /** @internal */
  constructor(
    Struct: StructClass<T>,
    count: number,
    options: TypedArenaOptions<T> | undefined,
    makeRegion: (bytes: number) => Region,
    isGeneric: boolean,
  );
  constructor(
    Struct: StructClass<T>,
    count: number,
    options: TypedArenaOptions<T> = {},
    makeRegion: (bytes: number) => Region = (bytes) => new EagerRegion(bytes),
    isGeneric = new.target === TypedArena,
  ) {
    if (definitionOf(Struct).backend.generates && isGeneric) {
      const Special = specialize(new.target, Struct as RecordClass, recordsOf) as typeof TypedArena;
      return new Special(Struct, count, options);
    }
    checkSize('count', count);
    const { drop, textBytes } = checkOptions(options);
    if (drop !== undefined && typeof (drop as unknown) !== 'function') {
      throw invalidType('options.drop', 'of type function', drop);
    }
    if (textBytes !== undefined) {
      checkSize('options.textBytes', textBytes);
    }
    this.#records = new Records(
      Struct as RecordClass,
      count,
      { drop: (drop as DropHook | undefined) ?? null, textBytes },
      makeRegion,
    );
    markAsUncloneable?.(this);
  }

  // --- Records ----------------------------------------------------------------------------------------------------

  /**
   * Adds a record and answers a reference to it, or `null` when the arena is full. What `init` leaves out is zero.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit its field;
   * OffheapError `ERR_OFFHEAP_FULL` when there is no room for a text, `ERR_OFFHEAP_FOREIGN_BLOCK` for a link to a record of
   * another arena, `ERR_OFFHEAP_STALE` when somebody has taken the arena's memory away, until it is reset. Then nothing has
   * changed.
   */
  alloc(init?: Init<T>): T | null {
    const { text, memory } = this.#records;
    const used = text?.used ?? 0;
    const index = this.push(init);
    try {
      return index < 0 ? null : this.#reference(index);
    } catch (error) {
      memory.length = index; // its constructor has thrown
      text?.goBack(used);
      throw error;
    }
  }

  /**
   * Adds a record and answers its index, or `-1` when the arena is full. Makes no garbage, but for arrays.
   *
   * @throws As `alloc`.
   */
  push(init: Init<T> = {} as Init<T>): number {
    const { fields } = this.#records.type.definition;
    return this.#append(acceptInit(fields, init, ''));
  }

  /**
   * Adds a record from a value for each field, in the order of the struct, and answers its index, or `-1` when the arena is
   * full. Nested structs take an init object. Makes no garbage, but for arrays.
   *
   * @throws As `alloc`, and RangeError `ERR_OUT_OF_RANGE` for another number of values than there are fields.
   */
  pushValues(...values: FieldValue<T>[]): number {
    const { fields } = this.#records.type.definition;
    if (values.length !== fields.length) {
      throw wrongCount(values.length, fields.length);
    }
    return this.#append(fields.map(({ name, type }, i) => type.accept(values[i], name)));
  }

  #append(accepted: unknown[]): number {
    const records = this.#records;
    if (!records.room()) {
      return -1;
    }
    const { length, memory, text, type } = records;
    const used = text?.used ?? 0;
    try {
      writeFields(type.definition.fields, memory, length * type.size, accepted);
    } catch (error) {
      text?.goBack(used);
      throw error;
    }
    memory.length = length + 1;
    return length;
  }

  /**
   * A reference to the record at an index, from 0 to `length - 1`.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` where there is none.
   */
  at(index: number): T {
    const records = this.#records;
    if (!(index >= 0 && index < records.length && Number.isInteger(index))) {
      records.rejectIndex(index);
    }
    return this.#reference(index);
  }

  #reference(index: number): T {
    const { memory, type } = this.#records;
    return new type.create(memory, index * (type.size / type.align)) as T;
  }

  /**
   * The index of a record of this arena.
   *
   * @throws OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for one of another arena, `ERR_OFFHEAP_STALE` for one of an earlier
   * round.
   */
  indexOf(record: T): number {
    const records = this.#records;
    records.checkUsable();
    const { handle, align } = records.type.definition;
    if (!handle.is(record)) {
      throw invalidType('record', `a record of ${records.type.name}`, record);
    }
    const memory = handle.memory(record);
    if (memory.ended) {
      memory.recover(0);
    }
    if (memory.owner !== records) {
      throw new OffheapError('ERR_OFFHEAP_FOREIGN_BLOCK', 'Expected a record of this arena. Received one of another');
    }
    return records.stride === 0 ? 0 : (handle.unit(record) * align) / records.stride;
  }

  /**
   * Calls `fn` for each record that there is now. The reference is one, moved from record to record: keep `arena.at(index)`
   * instead. Ends when `fn` resets the arena.
   */
  forEach(fn: (record: T, index: number) => void): void {
    checkFunction(fn);
    const records = this.#records;
    records.checkUsable();
    const { length, memory, type } = records;
    const { handle } = type.definition;
    let record: object | null = null;
    for (let i = 0; i < length && i < memory.length; i++) {
      const unit = i * (type.size / type.align);
      if (record === null || !type.movable) {
        record = new type.create(memory, unit);
      } else {
        handle.move(record, unit);
      }
      fn(record as T, i);
    }
  }

  /** A reference of its own for each record, those included that are added meanwhile. Ends when the arena is reset. */
  *[Symbol.iterator](): IterableIterator<T> {
    const records = this.#records;
    records.checkUsable();
    const { memory } = records;
    for (let i = 0; i < memory.length; i++) {
      yield this.#reference(i);
    }
  }

  /**
   * One field of all records, for bulk reads.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` for a name that is no field's.
   */
  column<K extends FieldName<T>>(name: K): Column<FieldOf<T, K>> {
    this.#records.checkUsable();
    return columnOf(this.#records, name) as Column<FieldOf<T, K>>;
  }

  // --- Sizes ------------------------------------------------------------------------------------------------------

  /** How many records there are. */
  get length(): number {
    this.#records.checkUsable();
    return this.#records.length;
  }

  /** How many records there can be. */
  get capacity(): number {
    this.#records.checkUsable();
    return this.#records.capacity;
  }

  /** Whether it has no record. */
  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Bytes that the records take, with their texts. */
  get used(): number {
    this.#records.checkUsable();
    return this.#records.used;
  }

  /** Bytes that can be touched, for records and texts. */
  get committed(): number {
    this.#records.checkUsable();
    return this.#records.regions.reduce((sum, { committed }) => sum + committed, 0);
  }

  /** What it holds, in bytes, records and texts together. Asks the system: microseconds, and more with every GiB. */
  get stats(): ArenaStats {
    this.#records.checkUsable();
    const { highWaterMark, regions, used } = this.#records;
    return statsOf(regions, used, highWaterMark);
  }

  // --- Starting over ----------------------------------------------------------------------------------------------

  /**
   * Drops all records and keeps the memory. References to them, and columns, throw `ERR_OFFHEAP_STALE` from now on. Buffers
   * and typed arrays that `bytes` and `array` fields have given out have length 0, or show memory that nobody else gets.
   *
   * @throws What a drop hook has thrown, or an AggregateError of several; all hooks have run then, and the arena is empty.
   * OffheapError `ERR_OFFHEAP_OS` where views were given away and there is no other memory; the arena is empty then, too.
   * OffheapError `ERR_OFFHEAP_PINNED` while the records are being saved; then nothing has changed.
   */
  reset(): void {
    this.#records.reset();
  }

  /**
   * Drops all records and gives the memory back. Idempotent.
   *
   * @throws As `reset`.
   */
  dispose(): void {
    this.#records.dispose();
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  // --- Files ------------------------------------------------------------------------------------------------------

  /**
   * Writes all records to a file, or to a stream, which is ended. The file is complete or not there: it is written under
   * another name and renamed. Until the promise settles, the arena can be used but neither reset nor disposed of; records
   * that are added meanwhile are not saved, changes may or may not be.
   *
   * @throws What the file system or the stream reports.
   */
  save(target: RecordTarget): Promise<void> {
    return saveRecords(this.#records, target);
  }

  /**
   * Reads what `save` has written into a new arena.
   *
   * @param source The path of a file, or a stream or other iterable of bytes.
   * @param options Those of the constructor, and `count`, the capacity; it is never less than the number of records.
   * @throws OffheapError `ERR_OFFHEAP_FORMAT` for what is not a file of such records, or not a whole one.
   */
  static load<T extends object>(
    Struct: StructClass<T>,
    source: RecordSource,
    options?: TypedArenaOptions<T> & { count?: number },
  ): Promise<TypedArena<T>> {
    return loadRecords<T, TypedArena<T>>(this, Struct, source, options);
  }

  [inspect.custom](): string {
    const name = this.constructor.name;
    const { disposed, length, capacity, type, used } = this.#records;
    const of = (type.Class as { name: string }).name;
    return disposed
      ? `${name}<${of}> { disposed }`
      : `${name}<${of}> { length: ${length}, capacity: ${capacity}, used: ${formatBytes(used)} }`;
  }
}

/** @internal */
export function recordsOfArena(arena: object): Records {
  return recordsOf(arena);
}
