import { outOfRange } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import { checkSize } from '../sizes';
import type { Definition } from './definition';

declare const FIELDS: unique symbol;
declare const INTERNAL: unique symbol;

/** What every reference has in its type, and only there: the fields that its record is made of. */
export interface HasFields<F = unknown> {
  readonly [FIELDS]: F;
}

/** What the constructors of records take. Nobody can make one. */
export interface Internal {
  readonly [INTERNAL]: never;
}

/** A class whose instances are references; what `struct()` makes, or a subclass of that. */
export type RecordClass = abstract new (internal: Internal) => HasFields;

/**
 * The type of a field: how large it is, and how it is read and written.
 *
 * @typeParam Value What reading the field answers.
 * @typeParam Init What can be written to it.
 */
export abstract class FieldType<Value = unknown, Init = Value> {
  declare readonly __types?: { value: Value; init: Init };

  /** As in a definition: `'u32'`, `'array(f32, 3)'`. Two types with the same name have the same bytes. */
  abstract readonly name: string;
  /** Bytes. */
  abstract readonly size: number;
  /** Bytes, a power of two. */
  abstract readonly align: number;
  /** Whether the property answers something to write into, rather than a value. */
  readonly isView: boolean = false;
  /** Whether values lie in an arena's text space. */
  readonly hasText: boolean = false;
  /** Whether values are links to other records, or have some in them. */
  readonly hasLinks: boolean = false;

  /** What a field is that an init object does not name: what `write` takes. */
  abstract readonly zero: unknown;

  /** The type as a field of this definition; absent where that makes no difference. */
  bind?(definition: Definition): FieldType;

  /**
   * Answers what `write` takes. Code of the user's (getters, iterators) runs here or never, so that between two writes
   * nothing can happen.
   *
   * @param path Of the field, for the message.
   * @throws Where the value does not fit.
   */
  abstract accept(value: unknown, path: string): unknown;

  /** @param owner The class of the record that the field belongs to, for links to `self`. */
  abstract read(life: Lifetime, offset: number, owner: RecordClass): Value;

  /**
   * Writes all bytes of the field, whatever was there before.
   *
   * @throws Only texts and links do: where there is no room, or where the other record is not the arena's.
   */
  abstract write(life: Lifetime, offset: number, accepted: never): void;

  /** Writes over a value that was written before, or over zero. Where it throws, that value is still there. */
  assign(life: Lifetime, offset: number, accepted: never): void {
    this.write(life, offset, accepted);
  }

  /**
   * How far the text space, of which `used` bytes are in use, would be used after `assign`: so that a field of many parts is
   * assigned as a whole or not at all. Absent where `assign` cannot fail.
   *
   * @throws Where the value is a link that cannot be written.
   */
  textEnd?(life: Lifetime, offset: number, accepted: never, used: number): number;

  /** The fields that this one is made of in the end, when it lies at `offset`, so far as they have an `isValid`. */
  leaves(offset: number): Leaf[] {
    return this.isValid === undefined ? [] : [{ type: this, offset }];
  }

  /** Makes the bytes of a value others than those of zero, where it has others. */
  vary(life: Lifetime, offset: number): void {
    if (this.size > 0) {
      life.u8[offset] = 1;
    }
  }

  /**
   * Whether bytes that come from outside are those of a value; absent where all are.
   *
   * @param end Where the records end.
   */
  isValid?(life: Lifetime, offset: number, end: number): boolean;

  /** The value as plain data that has nothing to do with the arena. */
  plain(life: Lifetime, offset: number, owner: RecordClass): unknown {
    return this.read(life, offset, owner);
  }

  /** The same as `JSON.stringify` takes it: bigints as decimal strings, typed arrays as arrays. */
  json(life: Lifetime, offset: number, owner: RecordClass): unknown {
    return this.plain(life, offset, owner);
  }
}

/** A field that has no fields or elements itself, and where it lies in the record, in bytes. */
export interface Leaf {
  readonly type: FieldType;
  readonly offset: number;
}

/** The largest field and the largest record, in bytes. */
export const MAX_SIZE = 2 ** 31 - 1;

export function checkLength(name: string, value: unknown): asserts value is number {
  checkSize(name, value);
  if (value > MAX_SIZE) {
    throw outOfRange(name, `an integer >= 0 && <= ${MAX_SIZE}`, value);
  }
}

/** Makes sure that the bytes before `end` can be seen. */
export function reach(life: Lifetime, end: number): void {
  if (end > life.bytes.length) {
    life.recover(end);
  }
}

/** The buffer for a view that is given away, on bytes before `end`. Whoever gets it may take it away. */
export function give(life: Lifetime, end: number): ArrayBuffer {
  reach(life, end);
  life.exposed = true;
  return life.buffer;
}

/** One for a view on nothing. It is not the one that all who have nothing to see share. */
export function giveNothing(life: Lifetime): ArrayBuffer {
  if (life.ended) {
    life.recover(0);
  }
  return new ArrayBuffer(0);
}
