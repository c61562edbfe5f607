import { Code } from '../layout/code';
import { leafVariables, initStatements, valueStatements, writeStatements } from '../layout/generated';
import type { RecordClass } from '../layout/field-type';
import { StructType } from '../layout/struct-type';
import { checkFunction, wrongCount } from '../arguments';
import type { Records } from './records';

/** A typed arena's class, as far as this file is concerned. */
export type ArenaClass = new (...args: never[]) => object;

const NOTHING = Object.freeze({});

/** By the classes of arena and record. */
const classes = new WeakMap<ArenaClass, WeakMap<RecordClass, ArenaClass>>();

/**
 * A subclass of a typed arena for one class of records, with layout and checks compiled into its hot methods. In methods
 * that all arenas share, V8 would see many classes of records and give up on inlining any.
 */
export function specialize(Arena: ArenaClass, Struct: RecordClass, recordsOf: (arena: object) => Records): ArenaClass {
  let ofArena = classes.get(Arena);
  if (ofArena === undefined) {
    ofArena = new WeakMap();
    classes.set(Arena, ofArena);
  }
  let Class = ofArena.get(Struct);
  if (Class === undefined) {
    Class = generate(Arena, new StructType(Struct), recordsOf);
    ofArena.set(Struct, Class);
  }
  return Class;
}

function generate(Arena: ArenaClass, type: StructType, recordsOf: (arena: object) => Records): ArenaClass {
  const { align, size, definition } = type;
  const { fields } = definition;
  const code = new Code();
  const reference = (memory: string, index: string): string =>
    `new ${code.name(type.create)}(${memory}, ${index} * ${size / align})`;
  const write = writeStatements(code, fields, align);
  const add = `
    const unit = i * ${size / align};
    ${definition.hasText ? undoingTexts(write) : write}
    memory.length = i + 1;
    return i;`;
  // The slow path ends in a call of its own. One that came back would keep everything out of registers meanwhile.
  const parameters = ['records', ...leafVariables(code, fields)].join(', ');
  const append = `
    const memory = this.#memory, i = memory.length;
    if (${size === 0 ? 'true' : `(i + 1) * ${size} > memory.u8.length`}) {
      const records = this.#records;
      return grow(${parameters});
    }
    ${add}`;
  // Where a reference is constructed, it can be done halfway, and what that does belongs to one record.
  const allocAndForEach = `  alloc(init) {
    const i = this.push(init);
    return i < 0 ? null : ${reference('this.#memory', 'i')};
  }
  forEach(fn) {
    ${code.name(checkFunction)}(fn);
    this.#records.checkUsable();
    const memory = this.#memory, length = memory.length;
    if (length === 0) return;
    const record = ${reference('memory', '0')};
    for (let i = 0; i < length && i < memory.length; i++) {
      ${code.name(definition.handle)}.move(record, i * ${size / align});
      fn(record, i);
    }
  }`;
  const init = initStatements(code, fields, 'init', '');
  const values = valueStatements(code, fields);
  return code.run(`
function grow(${parameters}) {
  if (!records.room()) return -1;
  const memory = records.memory, i = memory.length;
  ${add}
}
const Special = class extends ${code.name(Arena)} {
  #records;
  #memory;
  constructor(Struct, count, options) {
    super(Struct, count, options);
    this.#records = ${code.name(recordsOf)}(this);
    this.#memory = this.#records.memory;
  }
  reset() {
    try { super.reset(); } finally { this.#memory = this.#records.memory; }
  }
  push(init = ${code.name(NOTHING)}) {
    ${init}
    ${append}
  }
  pushValues(${values.parameters}) {
    if (arguments.length !== ${fields.length}) throw ${code.name(wrongCount)}(arguments.length, ${fields.length});
    ${values.checks}
    ${append}
  }
  at(index) {
    const memory = this.#memory;
    if (index >= 0 && index < memory.length && ${code.name(Number.isInteger)}(index)) return ${reference('memory', 'index')};
    return this.#records.rejectIndex(index);
  }
  ${type.movable ? allocAndForEach : ''}
};
Special.prototype.constructor = ${code.name(Arena)};
return Special;`) as ArenaClass;
}

function undoingTexts(write: string): string {
  return `const used = memory.text.used;
    try {
    ${write}
    } catch (error) {
      memory.text.goBack(used);
      throw error;
    }`;
}
