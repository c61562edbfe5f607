import { inspect } from 'node:util';

import { invalidType, invalidValue, outOfRange } from '../errors';
import { Lifetime } from '../memory/lifetime';
import { Views } from '../memory/views';
import { alignUp } from '../sizes';
import type { FieldType, RecordClass } from './field-type';

/** One field of a definition. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Bytes from the start of the record. */
  readonly offset: number;
}

/** Makes a reference to the record that starts `unit` times the alignment from the start of the memory. */
export type Creator = new (memory: Lifetime, unit: number) => object;

/** What the library knows of a reference, and nobody else. Each definition has one of its own. */
export interface Handle {
  /** Gives a fresh object what makes it a reference. */
  new (reference: object, memory: Lifetime, unit: number): object;
  memory(reference: object): Lifetime;
  unit(reference: object): number;
  /** Makes it a reference to another record. */
  move(reference: object, unit: number): void;
  is(value: unknown): boolean;
}

/** Writes what an init object says to the record that starts `unit` times the alignment from the start. */
export type Initialize = (memory: Lifetime, unit: number, init: unknown) => void;

/** How the code of a definition is made: generated as text, or put together from closures. */
export interface Backend {
  /** Whether it generates code; then arenas do, too. */
  readonly generates: boolean;
  /** The class whose prototype has the accessors. */
  makeClass(definition: Definition): { handle: Handle; Class: RecordClass; initialize: Initialize };
  /** A creator for a class whose constructor has nothing to do; of its own, or the optimizer would mix them up. */
  makeCreator(handle: Handle): Creator;
}

/** What `struct()` was given, laid out as a C compiler would. */
export class Definition {
  readonly fields: readonly Field[];
  /** Bytes, a multiple of `align`. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly align: number;
  readonly backend: Backend;
  /** Whether a field of it, however deep, is a text or a link. */
  readonly hasText: boolean;
  readonly hasLinks: boolean;
  readonly handle: Handle;
  readonly initialize: Initialize;
  /** What `struct()` answers. */
  readonly Class: RecordClass;

  constructor(types: Readonly<Record<string, FieldType>>, backend: Backend) {
    const fields: Field[] = [];
    let end = 0;
    let align = 1;
    for (const [name, type] of Object.entries(types)) {
      const offset = alignUp(end, type.align);
      fields.push({ name, type: type.bind?.(this) ?? type, offset });
      end = offset + type.size;
      align = Math.max(align, type.align);
    }
    this.fields = fields;
    this.size = alignUp(end, align);
    this.align = align;
    this.backend = backend;
    this.hasText = fields.some(({ type }) => type.hasText);
    this.hasLinks = fields.some(({ type }) => type.hasLinks);
    if (this.size > MAX_SIZE) {
      throw outOfRange('fields', `of at most ${MAX_SIZE} bytes in all`, this.size);
    }
    const { handle, Class, initialize } = backend.makeClass(this);
    this.handle = handle;
    this.Class = Class;
    this.initialize = initialize;
    definitions.set(Class, this);
  }

  /** As in the definition: `{ id: u32, position: { x: f32, y: f32 } }`. Equal for equal bytes. */
  get name(): string {
    return this.fields.length === 0
      ? '{}'
      : `{ ${this.fields.map(({ name, type }) => `${name}: ${type.name}`).join(', ')} }`;
  }
}

const MAX_SIZE = 2 ** 31 - 1;

/** By the classes that `struct()` made. */
const definitions = new WeakMap<RecordClass, Definition>();
const creators = new WeakMap<RecordClass, Creator>();

/** The definition of a class made by `struct()` or of a subclass; `null` for everything else. */
export function findDefinition(Class: unknown): Definition | null {
  let found: unknown = Class;
  while (typeof found === 'function') {
    const definition = definitions.get(found as RecordClass);
    if (definition !== undefined) {
      return definition;
    }
    found = Object.getPrototypeOf(found);
  }
  return null;
}

/** @throws TypeError for what is not a class made by `struct()`, nor a subclass of one. */
export function definitionOf(Class: unknown, name = 'Struct'): Definition {
  const definition = findDefinition(Class);
  if (definition === null) {
    throw invalidType(name, 'a class made by struct(), or a subclass of one', Class);
  }
  return definition;
}

/** What makes references of a class. */
export function creatorOf(Class: RecordClass): Creator {
  let creator = creators.get(Class);
  if (creator === undefined) {
    creator = makeCreator(Class);
    creators.set(Class, creator);
  }
  return creator;
}

function makeCreator(Class: RecordClass): Creator {
  const definition = definitionOf(Class);
  checkPrototypes(Class, definition);
  // One of them is constructed as the class says, which tells what fields its own constructor gives it.
  const memory = new Lifetime(
    { stride: 1, currentViews: () => null },
    new Views(new ArrayBuffer(alignUp(Math.max(definition.size, 1), 16))),
  );
  const sample = new (Class as unknown as Creator)(memory, 0);
  const own = Reflect.ownKeys(sample);
  const shadow = definition.fields.find(({ name }) => own.includes(name));
  memory.end();
  if (shadow !== undefined) {
    throw shadowed(Class, shadow, 'a field of the class');
  }
  if (own.length > 0 || hasConstructor(Class)) {
    return Class as unknown as Creator;
  }
  const creator = definition.backend.makeCreator(definition.handle);
  creator.prototype = Class.prototype as object;
  return creator;
}

/** Refuses a method in the place of a struct field. An accessor there is an override, which the class may want. */
function checkPrototypes(Class: RecordClass, { fields }: Definition): void {
  for (const Each of subclasses(Class)) {
    for (const field of fields) {
      if (Object.getOwnPropertyDescriptor(Each.prototype, field.name)?.value !== undefined) {
        throw shadowed(Class, field, 'a method of the class');
      }
    }
  }
}

function shadowed(Class: RecordClass, { name }: Field, what: string): TypeError {
  return invalidValue('Struct', `${what} ${inspect(Class)} hides the struct field '${name}'`);
}

/** The classes from this one up to the one that `struct()` made, that one excluded. */
function subclasses(Class: RecordClass): RecordClass[] {
  const found: RecordClass[] = [];
  let each = Class;
  while (!definitions.has(each)) {
    found.push(each);
    each = Object.getPrototypeOf(each) as RecordClass;
  }
  return found;
}

/**
 * Whether constructing does more than nothing, so far as the text of the class tells: a constructor, or private fields,
 * which no object shows. Where it only seems so, references cost a little more.
 */
function hasConstructor(Class: RecordClass): boolean {
  return subclasses(Class).some((Each) => /(^|[\s;{}.])(#[\p{ID_Start}$_]|constructor\s*\()/u.test(String(Each)));
}
