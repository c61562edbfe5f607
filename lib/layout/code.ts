/**
 * A piece of JavaScript in the making, and what it refers to.
 *
 * Names of fields are checked to be identifiers before they get here; everything else that comes from outside is referred
 * to as a value and never becomes text.
 */
export class Code {
  readonly #values = new Map<unknown, string>();
  readonly #variables = new Map<string, string>();

  /** The name under which the code finds a value. */
  name(value: unknown): string {
    let name = this.#values.get(value);
    if (name === undefined) {
      name = `_${this.#values.size}`;
      this.#values.set(value, name);
    }
    return name;
  }

  /** The variable for the value of the field at a path. */
  variable(path: string): string {
    let name = this.#variables.get(path);
    if (name === undefined) {
      name = `$${this.#variables.size}`;
      this.#variables.set(path, name);
    }
    return name;
  }

  /** What the body, which ends in a `return`, answers. */
  run(body: string): unknown {
    // A text of its own each time: V8 compiles equal ones once, and mixes up what it learns from all of their callers.
    const text = `'use strict';\n${body}\n//${++texts}`;
    const make = new Function(...this.#values.values(), text) as (...values: unknown[]) => unknown;
    return make(...this.#values.keys());
  }
}

let texts = 0;

/** Whether this process allows `new Function`; `--disallow-code-generation-from-strings` forbids it. */
export function canGenerate(): boolean {
  try {
    new Code().run('return 0;');
    return true;
  } catch {
    return false;
  }
}

/** `unit * factor + term`, without what is idle. */
export function index(unit: string, factor: number, term: number): string {
  const product = factor === 1 ? unit : factor === 0 ? '0' : `${unit} * ${factor}`;
  return term === 0 ? product : product === '0' ? String(term) : `${product} + ${term}`;
}
