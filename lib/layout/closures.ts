import type { Lifetime } from '../memory/lifetime';
import { type Backend, type Creator, type Handle, Place } from './definition';
import type { RecordClass } from './field-type';
import { constructedByHand, Reference } from './reference';
import { Returned } from './returned';
import { acceptInit, jsonFields, plainFields, writeFields } from './struct-type';

/** For where no code may be generated: the same classes from closures, which are several times slower. */
export const closures: Backend = {
  generates: false,

  makeClass(definition) {
    const handle = makeHandle();
    const { align, fields } = definition;
    class Struct extends Reference {
      constructor(place: Place) {
        super();
        if (!(place instanceof Place)) {
          throw constructedByHand(new.target);
        }
        Place.fill(place, handle, this);
      }

      override toObject(): Record<string, unknown> {
        return plainFields(fields, handle.memory(this), handle.unit(this) * align, this.constructor as RecordClass);
      }

      override toJSON(): Record<string, unknown> {
        return jsonFields(fields, handle.memory(this), handle.unit(this) * align, this.constructor as RecordClass);
      }
    }
    for (const { name, type, offset } of fields) {
      Object.defineProperty(Struct.prototype, name, {
        configurable: true,
        get(this: object) {
          return type.read(handle.memory(this), handle.unit(this) * align + offset, this.constructor as RecordClass);
        },
        set(this: object, value: unknown) {
          const accepted = type.accept(value, name) as never;
          type.assign(handle.memory(this), handle.unit(this) * align + offset, accepted);
        },
      });
    }
    return {
      handle,
      Class: Struct as unknown as RecordClass,
      initialize(target, init) {
        const accepted = acceptInit(fields, init, '');
        const unit = target.take();
        if (unit < 0) {
          return false;
        }
        writeFields(fields, target.memory, unit * align, accepted);
        return true;
      },
    };
  },

  makeCreator(handle) {
    return function Reference(this: object, memory: Lifetime, unit: number) {
      new handle(this, memory, unit);
    } as unknown as Creator;
  },
};

/** A class of its own for each definition, so that its private fields tell whose reference an object is. */
function makeHandle(): Handle {
  class ClosureHandle extends Returned {
    #memory: Lifetime;
    #unit: number;

    constructor(reference: object, memory: Lifetime, unit: number) {
      super(reference);
      this.#memory = memory;
      this.#unit = unit;
    }

    static memory(reference: ClosureHandle): Lifetime {
      return reference.#memory;
    }

    static unit(reference: ClosureHandle): number {
      return reference.#unit;
    }

    static move(reference: ClosureHandle, unit: number): void {
      reference.#unit = unit;
    }

    static is(value: unknown): boolean {
      return typeof value === 'object' && value !== null && #memory in value;
    }
  }
  return ClosureHandle;
}
