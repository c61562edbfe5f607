import { invalidType, outOfRange } from '../errors';
import { Code, index } from '../layout/code';
import type { Field } from '../layout/definition';
import { decode } from '../layout/generated';
import { isScalar, type ScalarType } from '../layout/scalars';
import type { Lifetime } from '../memory/lifetime';
import type { Records } from './records';

/**
 * One field of all records of a typed arena, for bulk reads. It reads the arena's memory: what changes there changes here,
 * and once the arena has started over or was disposed of, reading throws `ERR_OFFHEAP_STALE`.
 */
export class Column<Value = unknown> implements Iterable<Value> {
  readonly #records: Records;
  readonly #memory: Lifetime;
  readonly #field: Field;

  /** @internal */
  constructor(records: Records, field: Field) {
    this.#records = records;
    this.#memory = records.memory;
    this.#field = field;
  }

  /** How many records the arena has now. */
  get length(): number {
    this.#checkAlive();
    return this.#memory.length;
  }

  #checkAlive(): void {
    if (this.#memory.ended) {
      this.#memory.recover(0);
    }
  }

  /**
   * The field of the record at an index.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` where there is no such record.
   */
  at(at: number): Value {
    if (!(at >= 0 && at < this.length && Number.isInteger(at))) {
      return this.reject(at);
    }
    const { type, offset } = this.#field;
    const { stride, type: record } = this.#records;
    return type.read(this.#memory, at * stride + offset, record.Class) as Value;
  }

  /** @internal Throws what says why there is no value at an index. */
  protected reject(at: unknown): never {
    this.#checkAlive();
    return this.#records.rejectIndex(at);
  }

  /**
   * Copies values, from the record at `start` on, into an array or a typed array, until one of the two ends.
   *
   * @returns How many were copied.
   */
  copyTo(target: { [index: number]: Value; readonly length: number }, start = 0): number {
    const count = this.countFor(target, start);
    for (let i = 0; i < count; i++) {
      target[i] = this.at(start + i);
    }
    return count;
  }

  /** @internal */
  protected countFor(target: unknown, start: unknown): number {
    this.#checkAlive();
    const length = typeof target === 'object' && target !== null ? (target as { length?: unknown }).length : undefined;
    if (typeof length !== 'number' || !Number.isInteger(length) || length < 0) {
      throw invalidType('target', 'an array or a typed array', target);
    }
    if (typeof start !== 'number' || !Number.isInteger(start) || start < 0 || start > this.length) {
      throw outOfRange('start', `an integer >= 0 && <= ${this.length}, the length of the column`, start);
    }
    return Math.min(this.length - start, length);
  }

  /** The values of all records, in order. */
  *[Symbol.iterator](): IterableIterator<Value> {
    for (let i = 0; i < this.length; i++) {
      yield this.at(i);
    }
  }
}

type ColumnClass = new (records: Records, field: Field) => Column;

const columns = new WeakMap<Field, ColumnClass>();

export function columnOf(records: Records, name: string): Column {
  const { definition } = records.type;
  const field = definition.fields.find((each) => each.name === name);
  if (field === undefined) {
    throw outOfRange('name', `one of ${definition.fields.map((each) => `'${each.name}'`).join(', ')}`, name);
  }
  let Class = columns.get(field);
  if (Class === undefined) {
    const { type, offset } = field;
    Class = definition.backend.generates && isScalar(type) ? generate(type, offset, definition.size) : Column;
    columns.set(field, Class);
  }
  return new Class(records, field);
}

const isView = (value: unknown): boolean => ArrayBuffer.isView(value);

/** The same with the field's place and type compiled in. */
function generate(type: ScalarType, offset: number, size: number): ColumnClass {
  const { view, size: width } = type;
  const code = new Code();
  return code.run(`
return class Column extends ${code.name(Column)} {
  #memory;
  constructor(records, field) {
    super(records, field);
    this.#memory = records.memory;
  }
  at(at) {
    const memory = this.#memory, view = memory.${view};
    if (!(at >= 0 && at < memory.length && ${code.name(Number.isInteger)}(at))) return this.reject(at);
    const i = ${index('at', size / width, offset / width)};
    if (i < view.length) return view[i]${decode(type)};
    memory.recover((i + 1) * ${width});
    return memory.${view}[i]${decode(type)};
  }
  copyTo(target, start = 0) {
    if (!${code.name(isView)}(target)) return super.copyTo(target, start); // which runs code of the user's, perhaps
    const count = this.countFor(target, start), memory = this.#memory;
    if (count === 0) return 0;
    if ((start + count) * ${size} > memory.bytes.length) memory.recover((start + count) * ${size});
    const view = memory.${view};
    let i = ${index('start', size / width, offset / width)};
    for (let n = 0; n < count; n++, i += ${size / width}) target[n] = view[i]${decode(type)};
    return count;
  }
};`) as ColumnClass;
}
