import { invalidType, outOfRange } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import { alignUp } from '../sizes';
import { type FieldType, MAX_SIZE, type RecordClass } from './field-type';

/** One field of a definition. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Bytes from the start of the record. */
  readonly offset: number;
}

/** Makes a reference to the record that starts `unit` times the alignment from the start of the memory. */
export type Creator = new (memory: Lifetime, unit: number) => object;

/** What the constructor of a class of records takes: one argument, which its subclasses hand on, and only arenas have. */
export class Place {
  readonly #memory: Lifetime;
  readonly #unit: number;

  constructor(memory: Lifetime, unit: number) {
    this.#memory = memory;
    this.#unit = unit;
  }

  /** Makes an object the reference that is meant. A user's class that sees the place cannot. */
  static fill(place: Place, Handle: Handle, reference: object): void {
    new Handle(reference, place.#memory, place.#unit);
  }
}

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

/** Where a record is to be written, once all of its init object has been read. */
export interface Target {
  /** As `take` has found it. */
  readonly memory: Lifetime;
  /** Makes room for the record. It starts so many times the alignment from the start of the memory; -1 where there is none. */
  take(): number;
}

/** Reads an init object, and writes what it says. False where there is no room. */
export type Initialize = (target: Target, init: unknown) => boolean;

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
  /** Whether a field of it, however deep, is a text. */
  readonly hasText: boolean;
  /** Whether a field of it, however deep, is a link. */
  readonly hasLinks: boolean;
  readonly handle: Handle;
  readonly initialize: Initialize;
  /** What `struct()` answers. */
  readonly Class: RecordClass;

  constructor(types: Readonly<Record<string, FieldType>>, backend: Backend) {
    const fields: Field[] = [];
    if (Object.keys(types).length > MAX_FIELDS) {
      throw outOfRange('fields', `an object of at most ${MAX_FIELDS} keys`, Object.keys(types).length);
    }
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

/** A struct with more fields would make functions that are too large to compile. */
const MAX_FIELDS = 4096;

/** By the classes that `struct()` made. */
const definitions = new WeakMap<RecordClass, Definition>();

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

/** The classes from this one up to the one that `struct()` made, that one excluded. */
export function subclasses(Class: RecordClass): RecordClass[] {
  const found: RecordClass[] = [];
  for (let each = Class; !definitions.has(each); each = Object.getPrototypeOf(each) as RecordClass) {
    found.push(each);
  }
  return found;
}

/** @throws TypeError for what is not a class made by `struct()`, nor a subclass of one. */
export function definitionOf(Class: unknown, name = 'Struct'): Definition {
  const definition = findDefinition(Class);
  if (definition === null) {
    throw invalidType(name, 'a class made by struct(), or a subclass of one', Class);
  }
  return definition;
}
