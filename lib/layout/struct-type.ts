import { invalidType } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import { type Creator, type Definition, definitionOf, type Field, findDefinition } from './definition';
import { creatorOf } from './creator';
import { FieldType, type Leaf, reach, type RecordClass } from './field-type';

/** What can stand for the type of a field: a field type, or a class made by `struct()`. */
export type FieldInput = FieldType | RecordClass;

/** A record of a class, as the type of a field and as what arenas keep. */
export class StructType extends FieldType<object> {
  readonly Class: RecordClass;
  readonly definition: Definition;
  readonly size: number;
  readonly align: number;
  readonly zero: readonly unknown[];
  override readonly isView = true;
  override readonly hasText: boolean;
  override readonly hasLinks: boolean;
  #create: Creator | null = null;

  constructor(Class: RecordClass) {
    super();
    const definition = definitionOf(Class);
    this.Class = Class;
    this.definition = definition;
    this.size = definition.size;
    this.align = definition.align;
    this.zero = definition.fields.map(({ type }) => type.zero);
    this.hasText = definition.hasText;
    this.hasLinks = definition.hasLinks;
  }

  get name(): string {
    return this.definition.name;
  }

  /** Whether one reference can be moved from record to record: where constructing one does nothing. */
  get movable(): boolean {
    return (this.create as { prototype: unknown }).prototype === this.Class.prototype;
  }

  /** Made at first use, for a class can name a struct before its own definition is complete. */
  get create(): Creator {
    return (this.#create ??= creatorOf(this.Class));
  }

  accept(init: unknown, path: string): unknown[] {
    return acceptInit(this.definition.fields, init, `${path}.`);
  }

  read(life: Lifetime, offset: number): object {
    reach(life, offset + this.size);
    return new this.create(life, offset / this.align);
  }

  write(life: Lifetime, offset: number, values: readonly unknown[]): void {
    reach(life, offset + this.size);
    writeFields(this.definition.fields, life, offset, values);
  }

  override assign(life: Lifetime, offset: number, values: readonly unknown[]): void {
    reach(life, offset + this.size);
    const end = this.textEnd(life, offset, values, life.text?.used ?? 0);
    life.text?.reserve(end);
    this.definition.fields.forEach(({ type, offset: start }, i) => {
      type.assign(life, offset + start, values[i] as never);
    });
  }

  override textEnd(life: Lifetime, offset: number, values: readonly unknown[], used: number): number {
    return this.definition.fields.reduce(
      (end, { type, offset: start }, i) => type.textEnd?.(life, offset + start, values[i] as never, end) ?? end,
      used,
    );
  }

  override vary(life: Lifetime, start: number): void {
    for (const { type, offset } of this.definition.fields) {
      type.vary(life, start + offset);
    }
  }

  override leaves(start: number): Leaf[] {
    return this.definition.fields.flatMap(({ type, offset }) => type.leaves(start + offset));
  }

  override plain(life: Lifetime, offset: number): Record<string, unknown> {
    return plainFields(this.definition.fields, life, offset, this.Class);
  }

  override json(life: Lifetime, offset: number): Record<string, unknown> {
    return jsonFields(this.definition.fields, life, offset, this.Class);
  }
}

export function plainFields(
  fields: readonly Field[],
  life: Lifetime,
  start: number,
  owner: RecordClass,
): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, type, offset }) => [name, type.plain(life, start + offset, owner)]));
}

export function jsonFields(
  fields: readonly Field[],
  life: Lifetime,
  start: number,
  owner: RecordClass,
): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, type, offset }) => [name, type.json(life, start + offset, owner)]));
}

/** @param path Of the object that has the field with this init object: `''`, or `'position.'`. */
export function checkInit(init: unknown, path: string): asserts init is Readonly<Record<string, unknown>> {
  if (typeof init !== 'object' || init === null || Array.isArray(init)) {
    throw invalidType(path === '' ? 'init' : path.slice(0, -1), 'of type object', init);
  }
}

/** What an init object says of each field, in the order of the fields. */
export function acceptInit(fields: readonly Field[], init: unknown, path: string): unknown[] {
  checkInit(init, path);
  return fields.map(({ name, type }) => {
    const value = init[name];
    return value === undefined ? type.zero : type.accept(value, path + name);
  });
}

/** Writes what `acceptInit` has answered. */
export function writeFields(fields: readonly Field[], life: Lifetime, start: number, values: readonly unknown[]): void {
  fields.forEach(({ type, offset }, i) => {
    type.write(life, start + offset, values[i] as never);
  });
}

/** The field type that an argument stands for. */
export function typeOf(input: unknown, name: string): FieldType {
  if (input instanceof FieldType) {
    return input as FieldType;
  }
  if (findDefinition(input) === null) {
    throw invalidType(name, 'a field type or a class made by struct()', input);
  }
  return new StructType(input as RecordClass);
}
