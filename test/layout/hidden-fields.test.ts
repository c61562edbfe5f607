import { BumpArena, f32, TypedArena, u32 } from '../../lib';
import { BACKENDS, codeOf, errorOf, structBy } from './support';

describe.each(BACKENDS)('With %s accessors, a class that hides a struct field', (_name, backend) => {
  const struct = structBy(backend);
  const Base = struct({ id: u32, x: f32, y: f32 });

  const classes = {
    'by a class field': class extends Base {
      override x = 1;
    },
    'by a class field without a value': class extends Base {
      override x!: number;
    },
    'by a method': class extends Base {},
    'by what its constructor defines': class extends Base {
      constructor(...internal: ConstructorParameters<typeof Base>) {
        super(...internal);
        Object.defineProperty(this, 'x', { value: 1 });
      }
    },
    'in a class between': class extends class extends Base {
      override x = 1;
    } {},
  };
  Object.defineProperty(classes['by a method'].prototype, 'x', { value: () => 1, configurable: true });

  it.each(Object.entries(classes))('%s is refused when an arena is made', (_how, Hiding) => {
    const error = errorOf(() => new TypedArena(Hiding, 1));
    expect(error.code).toBe('ERR_INVALID_ARG_VALUE');
    expect(error.message).toContain("hides the struct field 'x'");
  });

  it.each(Object.entries(classes))('%s is refused by place, which takes nothing then', (_how, Hiding) => {
    using arena = new BumpArena(64);
    expect(codeOf(() => arena.place(Hiding))).toBe('ERR_INVALID_ARG_VALUE');
    expect(arena.used).toBe(0);
  });

  it('is refused where a constructor assigns the field, as class fields do that are compiled for ES2021', () => {
    class Body extends Base {
      constructor(...internal: ConstructorParameters<typeof Base>) {
        super(...internal);
        this.x = 1;
      }
    }
    const build = (): number => {
      const arena = new TypedArena(Body, 1);
      arena.push({ x: 5 });
      return arena.at(0).x;
    };
    expect(codeOf(build)).toBe('ERR_INVALID_ARG_VALUE');
  });

  it('by an accessor is an override', () => {
    class Body extends Base {
      override get x(): number {
        return super.x * 2;
      }
      override set x(value: number) {
        super.x = value / 2;
      }
    }
    using arena = new TypedArena(Body, 1);
    const body = arena.alloc({ x: 3, y: 1 })!;
    expect(body.x).toBe(6);
    body.x = 8;
    expect([body.x, body.toObject()]).toEqual([8, { id: 0, x: 4, y: 1 }]);
  });

  it('is no matter where it is a static member or of another name', () => {
    class Body extends Base {
      static x = 1;
      X = 2;
    }
    using arena = new TypedArena(Body, 1);
    expect(arena.alloc({ x: 3 })).toMatchObject({ x: 3, X: 2 });
  });
});
