import { bytes, text, type TypedArena, u32 } from '../../lib';
import { settle } from '../support';
import { TYPED } from './typed-support';

describe.each(TYPED)('%s of a class with state of its own', (_title, { Arena, define }) => {
  const Base = define({ id: u32, name: text });
  const arenaOf = (): { arena: TypedArena<InstanceType<typeof Base> & { cached: number }>; dropped: number[] } => {
    class Cached extends Base {
      cached = this.id;
    }
    const dropped: number[] = [];
    const arena = new Arena(Cached, 5, { drop: ({ cached }) => void dropped.push(cached) });
    [1, 2, 3].forEach((id) => arena.push({ id }));
    return { arena, dropped };
  };

  it('has it right for each record in forEach and in drop hooks', () => {
    const { arena, dropped } = arenaOf();
    const seen: number[] = [];
    arena.forEach(({ cached }) => void seen.push(cached));
    expect(seen).toEqual([1, 2, 3]);
    arena.reset();
    expect(dropped).toEqual([3, 2, 1]);
    arena.forEach(() => {
      expect(true).toBe(false);
    }); // none, and no constructor runs
  });

  it('adds no record when its constructor throws', () => {
    let fails = false;
    class Failing extends Base {
      constructor(...internal: ConstructorParameters<typeof Base>) {
        super(...internal);
        if (fails) {
          throw new Error('from the constructor');
        }
      }
    }
    const arena = new Arena(Failing, 5, { textBytes: 10 });
    arena.push({ name: 'first' });
    fails = true;
    expect(() => arena.alloc({ name: '12345' })).toThrow('from the constructor');
    fails = false;
    expect(arena.length).toBe(1);
    expect(arena.alloc({ name: '12345' })!.name).toBe('12345');
  });
});

describe.each(TYPED)('%s that is disposed of', (_title, { Arena, define }) => {
  it('is not kept alive by stale references, nor its memory by itself', async () => {
    const Blob = define({ data: bytes(2 ** 20) });
    await settle();
    const before = process.memoryUsage().arrayBuffers;
    const kept = Array.from({ length: 20 }, () => {
      const arena = new Arena(Blob, 1);
      const record = arena.alloc()!;
      arena.dispose();
      return [arena, record];
    });
    await settle();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5 * 2 ** 20);
    expect(kept).toHaveLength(20);
  });
});
