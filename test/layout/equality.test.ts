import { f32, TypedArena } from '../../lib';
import { BACKENDS, everyKindOfField, structBy } from './support';

describe.each(BACKENDS)('With %s accessors, a reference in jest', (_name, backend) => {
  const struct = structBy(backend);
  const { Body, INIT, Point } = everyKindOfField(struct);
  const make = (init: object = INIT) => new TypedArena(Body, 2).alloc(init)!;

  it('equals another one with the same contents, wherever that lies', () => {
    using arena = new TypedArena(Body, 3);
    const body = arena.alloc(INIT)!;
    expect(body).toEqual(arena.at(0));
    expect(body).toEqual(arena.alloc(INIT));
    expect(body).toEqual(make());
    expect(body).toStrictEqual(make());
    expect([body]).toContainEqual(make());
    expect({ body }).toEqual({ body: make() });
  });

  it.each([
    { id: 8 },
    { big: 5n },
    { wide: 0n },
    { alive: false },
    { name: 'sum' },
    { note: 'dark' },
    { kind: 'star' },
    { hash: Buffer.from([1, 3]) },
    { at: { x: 1, y: 3 } },
    { samples: [0.5, 2] },
    { longs: [1n, 1n] },
    { tags: ['a', 'c'] },
    {
      line: [
        { x: 1, y: 2 },
        { x: 3, y: 5 },
      ],
    },
    {
      grid: [
        [1, 2],
        [3, 5],
      ],
    },
  ])('does not equal one with other contents: %p', (difference) => {
    expect(make({ ...INIT, ...difference })).not.toEqual(make());
    expect({ body: make({ ...INIT, ...difference }) }).not.toStrictEqual({ body: make() });
  });

  it('does not equal one with another link', () => {
    const [first, second] = [make(), make()];
    first.next = first;
    expect(first).not.toEqual(second);
    second.next = second;
    expect(first).toEqual(second);
  });

  it('does not equal one of another class', () => {
    const init = { x: 1, y: 2 };
    const Other = struct({ x: f32, y: f32 });
    expect(new TypedArena(Other, 1).alloc(init)).not.toEqual(new TypedArena(Point, 1).alloc(init));
  });

  it('matches an object of some of its properties', () => {
    expect(make()).toMatchObject({ id: 7, name: 'sun', double: 14, at: { x: 1 } });
    expect(make()).toMatchObject({ hash: Buffer.from([1, 2]), samples: new Float64Array([0.5, 1.5]) });
    expect(make()).not.toMatchObject({ id: 7, name: 'moon' });
    expect(make()).not.toMatchObject({ at: { x: 2 } });
    expect(make()).toHaveProperty('at.x', 1);
    expect(make()).toEqual(expect.objectContaining({ id: 7, alive: true }));
  });

  it('compares arrays of strings and of structs by their elements', () => {
    expect(make().tags).toEqual(make().tags);
    expect(make().tags).not.toEqual(make({ tags: ['a', 'c'] }).tags);
    expect(make().line[0]).toEqual(make().at);
    expect([...make().tags]).toEqual(['a', 'b']);
  });
});
