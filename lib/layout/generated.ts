import { Code, index } from './code';
import {
  type Backend,
  type Creator,
  type Definition,
  type Field,
  type Handle,
  type Initialize,
  Place,
} from './definition';
import type { FieldType, RecordClass } from './field-type';
import { constructedByHand, Reference } from './reference';
import { Returned } from './returned';
import { BigIntType, BoolType, isScalar, NumberType, type ScalarType } from './scalars';
import { checkInit, StructType } from './struct-type';

const fillPlace = (place: Place, handle: Handle, reference: object): void => {
  Place.fill(place, handle, reference);
};

/** Accessors as text, which V8 compiles to what one would write by hand on typed arrays. */
export const generated: Backend = {
  generates: true,

  makeClass(definition) {
    const code = new Code();
    const { fields } = definition;
    const names = JSON.stringify(fields.map(({ name }) => name));
    // The accessors are written where the private fields can be named: so they stay small, and V8 inlines more of them.
    return code.run(`
class Handle extends ${code.name(Returned)} {
  #memory;
  #unit;
  constructor(reference, memory, unit) {
    super(reference);
    this.#memory = memory;
    this.#unit = unit;
  }
  static memory(reference) { return reference.#memory; }
  static unit(reference) { return reference.#unit; }
  static move(reference, unit) { reference.#unit = unit; }
  static is(value) { return typeof value === 'object' && value !== null && #memory in value; }
  ${fields.map((field) => accessors(code, definition, field)).join('\n  ')}
}
class Struct extends ${code.name(Reference)} {
  constructor(place) {
    super();
    if (!(place instanceof ${code.name(Place)})) throw ${code.name(constructedByHand)}(new.target);
    ${code.name(fillPlace)}(place, Handle, this);
  }
  toObject() {
    ${readAll(code, definition, 'plain')}
  }
  toJSON() {
    ${readAll(code, definition, 'json')}
  }
}
for (const name of ${names}) {
  Object.defineProperty(Struct.prototype, name, Object.getOwnPropertyDescriptor(Handle.prototype, name));
}
return {
  handle: Handle,
  Class: Struct,
  initialize(target, init) {
    ${initStatements(code, fields, 'init', '')}
    const unit = target.take();
    if (unit < 0) return false;
    const memory = target.memory;
    ${writeStatements(code, fields, definition.align)}
    return true;
  },
};`) as { handle: Handle; Class: RecordClass; initialize: Initialize };
  },

  makeCreator(handle) {
    const code = new Code();
    return code.run(`return function Reference(memory, unit) {
      new ${code.name(handle)}(this, memory, unit);
    };`) as Creator;
  },
};

function accessors(code: Code, { align }: Definition, { name, type, offset }: Field): string {
  const path = JSON.stringify(name);
  if (!isScalar(type)) {
    const place = index('this.#unit', align, offset);
    const get =
      type instanceof StructType
        ? `new ${code.name(type.create)}(this.#memory, ${index('this.#unit', align / type.align, offset / type.align)})`
        : `${code.name(type)}.read(this.#memory, ${place}, this.constructor)`;
    return `
  get ${name}() { return ${get}; }
  set ${name}(value) {
    const accepted = ${code.name(type)}.accept(value, ${path});
    ${code.name(type)}.assign(this.#memory, ${place}, accepted);
  }`;
  }
  const at = index('this.#unit', align / type.size, offset / type.size);
  return `
  get ${name}() {
    const value = this.#memory.${type.view}[${at}];
    return value !== undefined ? value${decode(type)} : ${code.name(type)}.read(this.#memory, (${at}) * ${type.size});
  }
  set ${name}(value) {
    if (!(${fits(code, type, 'value')})) ${code.name(type)}.reject(value, ${path});
    const view = this.#memory.${type.view}, i = ${at};
    if (i >= view.length) return ${code.name(type)}.write(this.#memory, i * ${type.size}, value);
    view[i] = ${encode(type, 'value')};
  }`;
}

/** Statements that answer an object of all fields. */
function readAll(code: Code, { align, size, fields }: Definition, how: 'plain' | 'json'): string {
  return `const memory = Handle.memory(this), unit = Handle.unit(this), end = ${index('unit', align, size)};
    if (memory.ended || end > memory.bytes.length) memory.recover(end);
    return ${objectOf(code, fields, align, 0, how)};`;
}

function objectOf(code: Code, fields: readonly Field[], align: number, start: number, how: 'plain' | 'json'): string {
  const properties = fields.map(({ name, type, offset }) => {
    const place = start + offset;
    if (type instanceof StructType) {
      return `${name}: ${objectOf(code, type.definition.fields, align, place, how)}`;
    }
    return type instanceof NumberType || type instanceof BoolType
      ? `${name}: memory.${type.view}[${index('unit', align / type.size, place / type.size)}]${decode(type)}`
      : `${name}: ${code.name(type)}.${how}(memory, ${index('unit', align, place)}, this.constructor)`;
  });
  return `{ ${properties.join(', ')} }`;
}

const { isInteger } = Number;

/** An expression for whether a value fits: `ScalarType.fits`, inlined. */
function fits(code: Code, type: ScalarType, value: string): string {
  if (type instanceof NumberType) {
    const { range } = type;
    const inRange =
      range === null
        ? ''
        : ` && ${value} >= ${range.min} && ${value} <= ${range.max} && ${code.name(isInteger)}(${value})`;
    return `typeof ${value} === 'number'${inRange}`;
  }
  if (type instanceof BigIntType) {
    return `typeof ${value} === 'bigint' && ${value} >= ${type.range.min}n && ${value} <= ${type.range.max}n`;
  }
  return `typeof ${value} === 'boolean'`;
}

/** What follows an element of a view to make it a value. */
export function decode(type: ScalarType): string {
  return type instanceof BoolType ? ' !== 0' : '';
}

function encode(type: ScalarType, value: string): string {
  return type instanceof BoolType ? `${value} ? 1 : 0` : value;
}

function zero(code: Code, type: FieldType): string {
  return type instanceof BigIntType ? '0n' : isScalar(type) ? String(type.zero) : `${code.name(type)}.zero`;
}

/** Statements that read an init object into a variable for each field, nested structs taken apart, and check them all. */
export function initStatements(code: Code, fields: readonly Field[], init: string, path: string): string {
  const check = `${code.name(checkInit)}(${init}, ${JSON.stringify(path)});`;
  return [check, ...fields.map((field) => readField(code, field, `${init}.${field.name}`, path + field.name))].join(
    '\n    ',
  );
}

function readField(code: Code, { type }: Field, value: string, path: string): string {
  const name = code.variable(path);
  if (type instanceof StructType) {
    const none = code.name(NONE);
    const nested = `let ${name} = ${value}; if (${name} === undefined) ${name} = ${none};`;
    return `${nested}\n    ${initStatements(code, type.definition.fields, name, `${path}.`)}`;
  }
  return `let ${name} = ${value}; if (${name} === undefined) ${name} = ${zero(code, type)}; else ${acceptVariable(code, type, name, path)}`;
}

const NONE = Object.freeze({});

function acceptVariable(code: Code, type: FieldType, name: string, path: string): string {
  return isScalar(type)
    ? `if (!(${fits(code, type, name)})) ${code.name(type)}.reject(${name}, ${JSON.stringify(path)});`
    : `${name} = ${code.name(type)}.accept(${name}, ${JSON.stringify(path)});`;
}

/** The variables that hold what is to be written, in the order of the fields. */
export function leafVariables(code: Code, fields: readonly Field[]): string[] {
  return placesOf(fields, '', 0).map(({ path }) => code.variable(path));
}

/** The parameters of a function that takes a value for each field, and statements that check them. */
export function valueStatements(code: Code, fields: readonly Field[]): { parameters: string; checks: string } {
  const checks = fields.map(({ name, type }) =>
    type instanceof StructType
      ? initStatements(code, type.definition.fields, code.variable(name), `${name}.`)
      : acceptVariable(code, type, code.variable(name), name),
  );
  return { parameters: fields.map(({ name }) => code.variable(name)).join(', '), checks: checks.join('\n    ') };
}

/** Statements that write the variables to the record at `unit` of `memory`. */
export function writeStatements(code: Code, fields: readonly Field[], align: number): string {
  return placesOf(fields, '', 0)
    .map(({ path, type, offset }) => {
      const value = code.variable(path);
      return isScalar(type)
        ? `memory.${type.view}[${index('unit', align / type.size, offset / type.size)}] = ${encode(type, value)};`
        : `${code.name(type)}.write(memory, ${index('unit', align, offset)}, ${value});`;
    })
    .join('\n    ');
}

/** The fields with those of nested structs in the place of these. */
function placesOf(
  fields: readonly Field[],
  path: string,
  start: number,
): { path: string; type: FieldType; offset: number }[] {
  return fields.flatMap(({ name, type, offset }) =>
    type instanceof StructType
      ? placesOf(type.definition.fields, `${path}${name}.`, start + offset)
      : [{ path: path + name, type, offset: start + offset }],
  );
}
