type Functions = Pick<typeof Buffer, 'allocUnsafe' | 'concat'>;

/** A function of Buffer that gives way to one of ours, and is brought back. */
export class Hook<Name extends keyof Functions> {
  readonly #name: Name;
  readonly #ours: Functions[Name];
  #isIn = false;
  /** What was there before ours: Node's own, most of the time. */
  original: Functions[Name];

  constructor(name: Name, ours: (...args: never[]) => Buffer) {
    this.#name = name;
    this.#ours = ours as Functions[Name];
    this.original = this.#current;
  }

  get #current(): Functions[Name] {
    return Reflect.get(Buffer, this.#name);
  }

  /** Puts ours there, unless it is there already, or somebody has put a function of his own over it. Throws where Buffer is frozen. */
  put(): void {
    const current = this.#current;
    if (this.#isIn && current !== this.original) {
      return;
    }
    Object.defineProperty(this.#ours, 'length', { value: current.length });
    (Buffer as Functions)[this.#name] = this.#ours;
    this.original = current;
    this.#isIn = true;
  }

  /** Brings back what was there. Where somebody has put a function of his own over ours, ours stays. */
  remove(): void {
    if (this.#isIn && this.#current === this.#ours) {
      (Buffer as Functions)[this.#name] = this.original;
      this.#isIn = false;
    }
  }
}

/** Whether `Buffer.concat` takes its memory from `Buffer.allocUnsafe`, as that of Node 20 and 22 does. */
export function concatAllocates(): boolean {
  const allocUnsafe: Functions['allocUnsafe'] = Reflect.get(Buffer, 'allocUnsafe');
  let asked = false;
  Buffer.allocUnsafe = (size) => {
    asked = true;
    return allocUnsafe.call(Buffer, size);
  };
  try {
    Buffer.concat([Buffer.of(0)]);
  } finally {
    Buffer.allocUnsafe = allocUnsafe;
  }
  return asked;
}
