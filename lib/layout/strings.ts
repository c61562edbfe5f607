import { types } from 'node:util';

import { invalidType, OffheapError, outOfRange } from '../errors';
import { BlockBuffer } from '../memory/buffer-view';
import type { Lifetime } from '../memory/lifetime';
import { checkLength, give, giveNothing, FieldType, reach } from './field-type';
import { atMost, own } from './intrinsic';

function checkString(path: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') {
    throw invalidType(path, 'of type string', value);
  }
}

class StrType extends FieldType<string> {
  readonly size: number;
  readonly align = 1;
  readonly zero = '';

  constructor(size: number) {
    super();
    this.size = size;
  }

  get name(): string {
    return `str(${this.size})`;
  }

  accept(value: unknown, path: string): string {
    checkString(path, value);
    // Every UTF-16 unit takes at least one byte and at most three.
    const { length } = value;
    if (length > this.size || (length * 3 > this.size && Buffer.byteLength(value) > this.size)) {
      throw outOfRange(path, `a string of at most ${this.size} bytes as UTF-8`, value);
    }
    if (value.includes('\0')) {
      throw outOfRange(path, 'a string without U+0000, which ends a string in memory', value);
    }
    return value;
  }

  read(life: Lifetime, offset: number): string {
    const limit = offset + this.size;
    reach(life, limit);
    const { bytes } = life;
    let end = offset;
    while (end < limit && bytes[end] !== 0) {
      end++;
    }
    return end === offset ? '' : bytes.toString('utf8', offset, end);
  }

  write(life: Lifetime, offset: number, value: string): void {
    const limit = offset + this.size;
    reach(life, limit);
    const { bytes } = life;
    const { length } = value;
    let at = 0;
    while (at < length) {
      const unit = value.charCodeAt(at);
      if (unit > 127) {
        at = bytes.write(value, offset, this.size, 'utf8');
        break;
      }
      bytes[offset + at] = unit;
      at++;
    }
    if (limit - offset - at > 64) {
      bytes.fill(0, offset + at, limit);
    } else {
      for (let rest = offset + at; rest < limit; rest++) {
        bytes[rest] = 0; // so few that the call would take longer
      }
    }
  }
}

/**
 * A string of at most `size` bytes as UTF-8, kept in the record and padded with zeroes, as C keeps `char name[size]`. It
 * cannot contain U+0000. Reading makes a string.
 */
export function str(size: number): FieldType<string> {
  checkLength('size', size);
  return new StrType(size);
}

/** `{ offset: f64, length: u32, capacity: u32 }` in the record, the string itself in the arena's text space. */
class TextType extends FieldType<string> {
  readonly name = 'text';
  readonly size = 16;
  readonly align = 8;
  readonly zero = '';
  override readonly hasText = true;

  accept(value: unknown, path: string): string {
    checkString(path, value);
    return value;
  }

  read(life: Lifetime, offset: number): string {
    reach(life, offset + 16);
    const length = life.u32[offset / 4 + 2]!;
    return length === 0 ? '' : life.text!.read(life.f64[offset / 8]!, length);
  }

  write(life: Lifetime, offset: number, value: string): void {
    reach(life, offset + 16);
    const length = Buffer.byteLength(value);
    this.#set(life, offset, length === 0 ? 0 : life.text!.write(value, length), length, length);
  }

  override assign(life: Lifetime, offset: number, value: string): void {
    reach(life, offset + 16);
    const length = Buffer.byteLength(value);
    const start = life.f64[offset / 8]!;
    const capacity = life.u32[offset / 4 + 3]!;
    const at = length === 0 ? start : life.text!.write(value, length, start, capacity);
    this.#set(life, offset, at, length, at === start ? Math.max(capacity, length) : length);
  }

  override vary(life: Lifetime, offset: number): void {
    this.write(life, offset, 'x');
  }

  override isValid(life: Lifetime, offset: number): boolean {
    const start = life.f64[offset / 8]!;
    const [length, capacity] = [life.u32[offset / 4 + 2]!, life.u32[offset / 4 + 3]!];
    return Number.isInteger(start) && start >= 0 && length <= capacity && start + capacity <= life.text!.used;
  }

  override textEnd(life: Lifetime, offset: number, value: string, used: number): number {
    const length = Buffer.byteLength(value);
    const capacity = life.u32[offset / 4 + 3]!;
    return length === 0 ? used : life.text!.endAfter(length, life.f64[offset / 8]!, capacity, used);
  }

  #set(life: Lifetime, offset: number, start: number, length: number, capacity: number): void {
    life.f64[offset / 8] = start;
    life.u32[offset / 4 + 2] = length;
    life.u32[offset / 4 + 3] = capacity;
  }
}

/**
 * A string of any length, kept as UTF-8 in the arena's own byte space, whose size is the arena's option `textBytes`. A
 * string that replaces another one uses its place where it fits there or comes last; other places are used again when the
 * arena is reset. Writing throws `ERR_OFFHEAP_FULL` when there is no room. Only for the records of typed arenas.
 */
export const text: FieldType<string> = new TextType();

class BytesType extends FieldType<Buffer, Uint8Array> {
  readonly size: number;
  readonly align = 1;
  readonly zero = new Uint8Array(0);
  override readonly isView = true as const;

  constructor(size: number) {
    super();
    this.size = size;
  }

  get name(): string {
    return `bytes(${this.size})`;
  }

  accept(value: unknown, path: string): Uint8Array {
    if (!types.isUint8Array(value)) {
      throw invalidType(path, 'an instance of Buffer or Uint8Array', value);
    }
    if (own(value, 'length') > this.size) {
      throw outOfRange(path, `at most ${this.size} bytes long`, value.length);
    }
    return value;
  }

  read(life: Lifetime, offset: number): Buffer {
    const { size } = this;
    return size === 0
      ? new BlockBuffer(giveNothing(life), 0, 0)
      : new BlockBuffer(give(life, offset + size), offset, size);
  }

  write(life: Lifetime, offset: number, value: Uint8Array): void {
    reach(life, offset + this.size);
    // Since it was accepted it may have become longer, over a resizable ArrayBuffer, or been taken away.
    const length = Math.min(own(value, 'length'), this.size);
    if (length > 0) {
      life.bytes.set(atMost(Uint8Array, value, length), offset);
    }
    life.bytes.fill(0, offset + length, offset + this.size);
  }

  override plain(life: Lifetime, offset: number): Buffer {
    reach(life, offset + this.size);
    return Buffer.from(life.bytes.subarray(offset, offset + this.size));
  }
}

export interface BytesField extends FieldType<Buffer, Uint8Array> {
  readonly isView: true;
}

/**
 * `size` bytes, kept in the record. Reading answers a Buffer over the record's own memory, so writing to that Buffer
 * writes to the record; copy it (`Buffer.from(record.hash)`) to keep it, for it is not checked as references are.
 * Assigning copies, and fills what is left with zeroes.
 */
export function bytes(size: number): BytesField {
  checkLength('size', size);
  return new BytesType(size);
}

class ChoiceType<C extends string> extends FieldType<C> {
  readonly choices: readonly C[];
  readonly size: 1 | 2;
  readonly zero = 0;
  readonly #indices: ReadonlyMap<unknown, number>;

  constructor(choices: readonly C[]) {
    super();
    this.choices = choices;
    this.size = choices.length <= 256 ? 1 : 2;
    this.#indices = new Map(choices.map((choice, index) => [choice, index]));
  }

  get align(): number {
    return this.size;
  }

  get name(): string {
    return `oneOf(${this.choices.map((choice) => JSON.stringify(choice)).join(', ')})`;
  }

  accept(value: unknown, path: string): number {
    const index = this.#indices.get(value);
    if (index === undefined) {
      checkString(path, value);
      const some = this.choices.slice(0, 20).map((choice) => `'${choice}'`);
      const more = this.choices.length > some.length ? ` or ${this.choices.length - some.length} others` : '';
      throw outOfRange(path, `one of ${some.join(', ')}${more}`, value);
    }
    return index;
  }

  read(life: Lifetime, offset: number): C {
    reach(life, offset + this.size);
    const index = this.size === 1 ? life.u8[offset]! : life.u16[offset / 2]!;
    return this.choices[index] ?? this.#unknown(index);
  }

  override vary(life: Lifetime, offset: number): void {
    this.write(life, offset, this.choices.length - 1);
  }

  override isValid(life: Lifetime, offset: number): boolean {
    return (this.size === 1 ? life.u8[offset]! : life.u16[offset / 2]!) < this.choices.length;
  }

  #unknown(index: number): never {
    throw new OffheapError(
      'ERR_OFFHEAP_FORMAT',
      `The bytes of the field are not those of a choice: there is no choice ${index} among ${this.choices.length}`,
    );
  }

  write(life: Lifetime, offset: number, index: number): void {
    reach(life, offset + this.size);
    if (this.size === 1) {
      life.u8[offset] = index;
    } else {
      life.u16[offset / 2] = index;
    }
  }
}

/** One of up to 65,536 different strings, in one byte, or two for more than 256. The first of them is the default. */
export function oneOf<const C extends string>(...choices: [C, ...C[]]): FieldType<C> {
  const given: readonly unknown[] = choices;
  if (given.length === 0 || given.length > 2 ** 16) {
    throw outOfRange('choices.length', 'an integer >= 1 && <= 65536', given.length);
  }
  given.forEach((choice, index) => {
    checkString(`choices[${index}]`, choice);
  });
  if (new Set(given).size < given.length) {
    throw outOfRange('choices', 'different strings', String(given.find((choice, i) => given.indexOf(choice) !== i)));
  }
  return new ChoiceType(choices);
}
