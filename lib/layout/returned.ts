/**
 * A base class that makes its subclass's fields part of an object which exists already. It gives references private
 * fields without calling the constructors of the user's classes, which V8 does not optimize away as it does this.
 */
export const Returned = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;
