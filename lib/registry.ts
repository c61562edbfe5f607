/** What is alive of one kind, by name: for statistics, which do not keep it alive. */
export class Registry<T extends object> implements Iterable<readonly [name: string, target: T]> {
  readonly #targets = new Map<string, WeakRef<T>>();

  /**
   * Enters `target` until it is deleted or collected.
   *
   * @returns Its name: `name`, or `name-2` and so on while another one has that.
   */
  add(name: string, target: T): string {
    let unique = name;
    for (let count = 2; this.#targets.get(unique)?.deref() !== undefined; count++) {
      unique = `${name}-${count}`;
    }
    this.#targets.set(unique, new WeakRef(target));
    return unique;
  }

  delete(name: string): void {
    this.#targets.delete(name);
  }

  *[Symbol.iterator](): Generator<readonly [name: string, target: T]> {
    for (const [name, reference] of this.#targets) {
      const target = reference.deref();
      if (target === undefined) {
        this.#targets.delete(name);
      } else {
        yield [name, target];
      }
    }
  }
}
