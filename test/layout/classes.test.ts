import { array, BumpArena, f32, f64, self, text, TypedArena, u32, u8 } from '../../lib';
import { BACKENDS, codeOf, errorOf, structBy } from './support';

describe.each(BACKENDS)('With %s accessors, a class of records', (_name, backend) => {
  const struct = structBy(backend);
  const Base = struct({ id: u32, x: f32, y: f32 });

  it('has methods, getters, statics and symbols of its own', () => {
    class Body extends Base {
      static readonly unit = 'm';
      speed(): number {
        return Math.hypot(this.x, this.y);
      }
      get isFast(): boolean {
        return this.speed() > 4;
      }
      set velocity(value: number) {
        this.x = value;
        this.y = 0;
      }
      override toString(): string {
        return `body ${this.id}`;
      }
    }
    using arena = new TypedArena(Body, 2);
    const body = arena.alloc({ id: 1, x: 3, y: 4 })!;
    expect(body).toBeInstanceOf(Body);
    expect(body).toBeInstanceOf(Base);
    expect([body.speed(), body.isFast, String(body), Body.unit]).toEqual([5, true, 'body 1', 'm']);
    body.velocity = 2;
    expect(arena.at(0).isFast).toBe(false);
    expect(arena.at(0).constructor).toBe(Body);
  });

  it('can be extended again, and calls what it overrides', () => {
    class Body extends Base {
      describe(): string {
        return `body ${this.id}`;
      }
    }
    class Star extends Body {
      override describe(): string {
        return `${super.describe()}, a star at ${this.x}`;
      }
    }
    class Giant extends Star {}
    using bodies = new TypedArena(Body, 1);
    using giants = new TypedArena(Giant, 1);
    expect(bodies.alloc({ id: 1 })!.describe()).toBe('body 1');
    expect(giants.alloc({ id: 2, x: 3 })!.describe()).toBe('body 2, a star at 3');
    expect(giants.at(0)).toBeInstanceOf(Star);
  });

  it('is one of several in an untyped arena, with the same method', () => {
    class Circle extends struct({ radius: f64 }) {
      area(): number {
        return 3 * this.radius ** 2;
      }
    }
    class Square extends struct({ side: u8 }) {
      area(): number {
        return this.side ** 2;
      }
    }
    class Hole extends Square {
      override area(): number {
        return -super.area();
      }
    }
    using arena = new BumpArena(1024);
    const shapes = [
      arena.place(Circle, { radius: 2 })!,
      arena.place(Square, { side: 3 })!,
      arena.place(Hole, { side: 2 })!,
      arena.place(Circle, { radius: 1 })!,
    ];
    expect(shapes.map((shape) => shape.area())).toEqual([12, 9, -4, 3]);
  });

  it('keeps its methods where it is nested, in an array, or linked to', () => {
    class Point extends struct({ x: f32, next: self }) {
      twice(): number {
        return this.x * 2;
      }
    }
    const S = struct({ point: Point, points: array(Point, 2) });
    using arena = new TypedArena(S, 1);
    const record = arena.alloc({ point: { x: 1 }, points: [{ x: 2 }] })!;
    record.point.next = record.points[0]!;
    expect([record.point.twice(), record.points[0]!.twice(), (record.point.next as Point).twice()]).toEqual([2, 4, 4]);
  });

  it('gets methods that were added later', () => {
    class Body extends Base {}
    using arena = new TypedArena(Body, 1);
    const body = arena.alloc({ id: 4 })!;
    Object.assign(Body.prototype, {
      later(this: Body) {
        return this.id + 1;
      },
    });
    expect((body as Body & { later: () => number }).later()).toBe(5);
  });

  describe('with members of its own', () => {
    it('has its class fields and private fields in every reference', () => {
      class Body extends Base {
        readonly tags: string[] = [];
        label = `made for ${this.id}`;
        readonly #secret = this.id * 10;
        get secret(): number {
          return this.#secret;
        }
      }
      using arena = new TypedArena(Body, 2);
      const body = arena.alloc({ id: 1 })!;
      body.tags.push('own');
      expect([body.label, body.secret, body.tags]).toEqual(['made for 1', 10, ['own']]);
      expect(arena.at(0).tags).toEqual([]);
      expect([...arena][0]!.secret).toBe(10);
    });

    it('runs its constructor for every reference', () => {
      const made: number[] = [];
      class Body extends Base {
        constructor(...internal: ConstructorParameters<typeof Base>) {
          super(...internal);
          made.push(this.id);
        }
      }
      using arena = new TypedArena(Body, 2);
      arena.alloc({ id: 7 });
      made.length = 0;
      expect([arena.at(0).id, arena.at(0).x, made]).toEqual([7, 0, [7, 7]]);
    });

    it('may hand on the one argument that its type has', () => {
      class Body extends Base {
        readonly label: string;
        constructor(internal: ConstructorParameters<typeof Base>[0]) {
          super(internal);
          this.label = `body ${this.id}`;
        }
      }
      using arena = new TypedArena(Body, 2);
      arena.push({ id: 6 });
      expect(arena.alloc({ id: 7 })!.label).toBe('body 7');
    });

    it('may read texts and links while it is constructed', () => {
      class Person extends struct({ name: text, boss: self }) {
        readonly label = `${this.name}, ${this.boss === null ? 'boss' : 'staff'}`;
      }
      using arena = new TypedArena(Person, 2);
      const ada = arena.alloc({ name: 'Ada' })!;
      expect([ada.label, arena.alloc({ name: 'Bob', boss: ada })!.label]).toEqual(['Ada, boss', 'Bob, staff']);
    });

    it('has private methods and private generators', () => {
      class Body extends Base {
        values(): number[] {
          return [...this.#each(), this.#last()];
        }
        *#each(): Generator<number> {
          yield this.x;
        }
        #last(): number {
          return this.y;
        }
      }
      using arena = new TypedArena(Body, 1);
      expect(arena.alloc({ x: 1, y: 2 })!.values()).toEqual([1, 2]);
    });

    it('may say itself how it prints as a string', () => {
      class Body extends Base {
        static override toString(): string {
          return 'Body';
        }
        readonly #secret = 7;
        get secret(): number {
          return this.#secret;
        }
      }
      using arena = new TypedArena(Body, 1);
      expect(arena.alloc()!.secret).toBe(7);
    });

    it('makes nobody else pay: a sibling has none of it', () => {
      class Plain extends Base {}
      class Heavy extends Base {
        extra = 1;
      }
      using plain = new TypedArena(Plain, 1);
      using heavy = new TypedArena(Heavy, 1);
      expect([Object.keys(plain.alloc()!), Object.keys(heavy.alloc()!)]).toEqual([[], ['extra']]);
    });
  });

  describe('cannot be constructed by hand', () => {
    class Body extends Base {}
    const construct = (Class: unknown, ...values: unknown[]): object =>
      Reflect.construct(Class as new (...given: unknown[]) => object, values);

    it.each([
      ['the class of struct()', Base, 'Struct'],
      ['a subclass', Body, 'Body'],
    ])('%s', (_what, Class, name) => {
      for (const values of [[], [undefined, 0], [{}, 0], [new ArrayBuffer(8), 0]]) {
        const error = errorOf(() => construct(Class, ...values));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.code).toBe('ERR_ILLEGAL_CONSTRUCTOR');
        expect(error.message).toContain(`Received new ${name}()`);
      }
    });

    it('nor called', () => {
      expect(() => Reflect.apply(Body, undefined, []) as unknown).toThrow(TypeError);
    });
  });

  it('is needed by arenas', () => {
    using arena = new BumpArena(64);
    const others = [undefined, null, {}, Date, Map, () => 1, 'Body', u8, Base.prototype] as never[];
    for (const other of others) {
      expect(codeOf(() => new TypedArena(other, 1))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => arena.place(other))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(arena.used).toBe(0);
  });
});
