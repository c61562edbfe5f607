import { invalidValue } from '../errors';
import { Lifetime } from '../memory/lifetime';
import { EagerRegion } from '../memory/region';
import { TextSpace } from '../memory/text-space';
import { Views } from '../memory/views';
import { alignUp } from '../sizes';
import { type Creator, type Definition, definitionOf, Place, subclasses } from './definition';
import type { RecordClass } from './field-type';

const creators = new WeakMap<RecordClass, Creator>();

/**
 * What makes references of a class.
 *
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for a class that hides fields of its struct, or writes to them when one of it
 * is constructed.
 */
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
  if (subclasses(Class).length > 0) {
    checkPrototypes(Class, definition);
    const construct = constructorOf(Class);
    const sample = new construct(sampleMemory(definition), 0);
    const own = Reflect.ownKeys(sample);
    const hidden = definition.fields.find(({ name }) => own.includes(name));
    if (hidden !== undefined) {
      throw unusable(Class, `a field of it hides the struct field '${hidden.name}'`);
    }
    if (own.length > 0 || hasConstructor(Class)) {
      checkConstructor(Class, definition, construct);
      return construct;
    }
  }
  const creator = definition.backend.makeCreator(definition.handle);
  creator.prototype = Class.prototype as object;
  return creator;
}

/** A creator that constructs as the class says. */
function constructorOf(Class: RecordClass): Creator {
  return function (memory: Lifetime, unit: number): object {
    return Reflect.construct(Class as unknown as new (place: Place) => object, [new Place(memory, unit)]);
  } as unknown as Creator;
}

/** Memory for one record, all zero, of which a reference can be constructed to see what that does. */
function sampleMemory({ hasText, size }: Definition): Lifetime {
  const views = new Views(new ArrayBuffer(alignUp(Math.max(size, 1), 16)));
  const text = hasText ? new TextSpace(1024, (bytes) => new EagerRegion(bytes)) : null;
  return new Lifetime({ stride: size, definition: null, currentViews: () => null }, views, { text });
}

/** Refuses a constructor that writes to fields: over zeroes, and over other bytes, where it may be zeroes that it writes. */
function checkConstructor(Class: RecordClass, definition: Definition, construct: Creator): void {
  for (const varied of [false, true]) {
    const memory = sampleMemory(definition);
    if (varied) {
      for (const { type, offset } of definition.fields) {
        type.vary(memory, offset);
      }
    }
    const before = Buffer.from(memory.bytes);
    new construct(memory, 0);
    if (!before.equals(memory.bytes)) {
      throw unusable(
        Class,
        'its constructor writes to a struct field, and would do so for every reference that is made',
      );
    }
  }
}

/** Refuses a method in the place of a struct field. An accessor there is an override, which the class may want. */
function checkPrototypes(Class: RecordClass, { fields }: Definition): void {
  for (const Each of subclasses(Class)) {
    const hidden = fields.find(
      ({ name }) => Object.getOwnPropertyDescriptor(Each.prototype, name)?.value !== undefined,
    );
    if (hidden !== undefined) {
      throw unusable(Class, `a method of it hides the struct field '${hidden.name}'`);
    }
  }
}

function unusable(Class: RecordClass, reason: string): TypeError {
  return invalidValue('Struct', `class ${(Class as { name: string }).name} cannot be one of records: ${reason}`);
}

/**
 * Whether constructing does more than nothing, so far as the text of the class tells: a constructor, or private members,
 * which no object shows. Where it only seems so, or the text cannot be read, references cost a little more.
 */
function hasConstructor(Class: RecordClass): boolean {
  return subclasses(Class).some((Each) => {
    const text = Function.prototype.toString
      .call(Each)
      .replace(NO_CODE, (match) => (/^.constructor.$/.test(match) ? match : ''));
    return !text.startsWith('class') || /(^|[^.\w$])(#[\p{ID_Start}$_]|(['"]?)constructor\3\s*\()/u.test(text);
  });
}

/** Comments and strings. */
const NO_CODE = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`/g;
