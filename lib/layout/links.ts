import { invalidType, invalidValue, OffheapError } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import { creatorOf } from './creator';
import { type Creator, type Definition, definitionOf, findDefinition } from './definition';
import type { StructClass } from './types';
import { FieldType, type RecordClass, reach } from './field-type';

/** A definition, for a message. */
function brief({ name }: Definition): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}

/**
 * A link to another record of the same arena, kept as a double: the offset in bytes plus 1, or 0 for none. So a zeroed
 * record links to nothing, and records can be saved and loaded as they are.
 */
abstract class LinkType extends FieldType<object | null> {
  readonly size = 8;
  readonly align = 8;
  readonly zero = null;
  override readonly hasLinks = true;
  #class: RecordClass | null = null;
  #create: Creator | null = null;

  abstract targetOf(owner: RecordClass): RecordClass;
  /** The definition of what can be linked to. */
  abstract readonly target: Definition;

  accept(value: unknown, path: string): object | null {
    if (value !== null && !this.target.handle.is(value)) {
      throw invalidType(path, `a record of ${brief(this.target)}, or null`, value);
    }
    return value as object | null;
  }

  read(life: Lifetime, offset: number, owner: RecordClass): object | null {
    reach(life, offset + 8);
    const link = life.f64[offset / 8]!;
    if (link === 0) {
      return null;
    }
    const { size, align } = this.target;
    const unit = (link - 1) / align;
    if (!Number.isInteger(unit) || unit < 0) {
      throw new OffheapError('ERR_OFFHEAP_FORMAT', `The bytes of the field are not those of a link: ${link}`);
    }
    reach(life, link - 1 + size);
    if (owner !== this.#class || this.#create === null) {
      this.#create = creatorOf(this.targetOf(owner));
      this.#class = owner;
    }
    return new this.#create(life, unit);
  }

  write(life: Lifetime, offset: number, value: object | null): void {
    reach(life, offset + 8);
    life.f64[offset / 8] = value === null ? 0 : this.#offsetOf(value, life) + 1;
  }

  override textEnd(life: Lifetime, _offset: number, value: object | null, used: number): number {
    if (value !== null) {
      this.#offsetOf(value, life);
    }
    return used;
  }

  #offsetOf(value: object, from: Lifetime): number {
    const { align, handle, size } = this.target;
    const to = handle.memory(value);
    const offset = handle.unit(value) * align;
    if (to.ended || offset + size > to.bytes.length) {
      to.recover(offset + size);
    }
    if (to.owner !== from.owner) {
      throw this.#foreign('of the same arena. Received one of another');
    }
    if (to.depth > from.depth) {
      throw this.#foreign(
        'that lives as long as the record which links to it. Received one that was placed after a later checkpoint, ' +
          'or that a Box or a Vec may free',
      );
    }
    return offset;
  }

  #foreign(expected: string): OffheapError {
    return new OffheapError('ERR_OFFHEAP_FOREIGN_BLOCK', `Expected a ${brief(this.target)} ${expected}`);
  }

  override vary(life: Lifetime, offset: number): void {
    life.f64[offset / 8] = -0; // no link either, in other bytes
  }

  override isValid(life: Lifetime, offset: number, end: number): boolean {
    const link = life.f64[offset / 8]!;
    const { size, align } = this.target;
    // In an arena of such records one of them lies only where a record begins; one that is part of another, anywhere.
    const step = life.owner.definition === this.target ? Math.max(size, 1) : align;
    return link === 0 || (link > 0 && (link - 1) % step === 0 && link - 1 + size <= end);
  }

  /** The index of the record in its arena, or of the one that it is part of; in an untyped arena, its offset in bytes. */
  override plain(life: Lifetime, offset: number): number | null {
    reach(life, offset + 8);
    const link = life.f64[offset / 8]!;
    return link === 0 ? null : Math.floor((link - 1) / Math.max(life.owner.stride, 1));
  }
}

class RefType extends LinkType {
  readonly name = 'ref';
  readonly #target: () => unknown;
  #class: RecordClass | null = null;

  constructor(target: () => unknown) {
    super();
    this.#target = target;
  }

  override targetOf(): RecordClass {
    if (this.#class === null) {
      const target = this.#target();
      if (findDefinition(target) === null) {
        throw invalidType('target', 'a function that answers a class made by struct()', target);
      }
      this.#class = target as RecordClass;
    }
    return this.#class;
  }

  override get target(): Definition {
    return definitionOf(this.targetOf());
  }
}

/**
 * A link to a record of the same arena, or `null`, which is the default. The record must live at least as long as the one
 * that links to it. The function is called later, so that structs can link to each other.
 *
 * In its own definition, a struct is `self`.
 */
export function ref<T extends object>(target: () => StructClass<T>): FieldType<T | null> {
  if (typeof target !== 'function' || findDefinition(target) !== null) {
    throw invalidType('target', 'a function that answers a class made by struct(), as in ref(() => Node)', target);
  }
  return new RefType(target) as FieldType<object | null> as FieldType<T | null>;
}

/** The type of `self`. It knows its struct from when it becomes a field of one. */
export class SelfType extends LinkType {
  readonly name = 'self';
  readonly #target: Definition | null;

  constructor(target: Definition | null) {
    super();
    this.#target = target;
  }

  override bind(definition: Definition): SelfType {
    return new SelfType(definition);
  }

  override get target(): Definition {
    if (this.#target === null) {
      throw invalidValue('type', 'self has a meaning only among the fields of a struct()');
    }
    return this.#target;
  }

  override targetOf(owner: RecordClass): RecordClass {
    return owner;
  }
}

/** A link to a record of the struct that this is a field of, in the same arena, or `null`, which is the default. */
export const self = new SelfType(null);
