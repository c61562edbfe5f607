import { type Allocator, BumpAlloc, type BlockLifetime, BumpArena, type Scope } from '../../lib';
import { codeOf } from '../arena/support';
import { type Traits } from '../conformance/suite';
import { isOwner } from '../conformance/support';
import { type Account, accountsOf, BumpAccount, expectSame, type Range } from './allocators-accounts';
import { type Operation } from './allocators-operations';

/** A block that is filled with a byte of its own. */
interface Live extends Range {
  readonly block: Buffer;
  readonly value: number;
  /** Where somebody has asked for it. */
  lifetime: BlockLifetime | undefined;
}

interface Dead extends Live {
  /** Whether its memory is not the allocator's any more, whatever that hands out. */
  readonly gone: boolean;
}

class Failure extends Error {}

/** Bytes that no system has. */
const IMPOSSIBLE = 2 ** 50;

/** An allocator beside a list of what must be alive in it. */
export class Model {
  readonly #allocator: Allocator;
  readonly #traits: Traits;
  readonly #accounts: readonly Account[];
  /** Where the allocator is one that goes back. */
  readonly #bump: BumpAccount | undefined;
  #live: Live[] = [];
  #dead: Dead[] = [];
  /** The blocks of the scopes that this one is in. */
  readonly #outer: Model | null;
  #value = 0;

  constructor(allocator: Allocator, traits: Traits, outer: Model | null = null) {
    this.#allocator = allocator;
    this.#traits = traits;
    this.#accounts = accountsOf(allocator, traits);
    this.#bump = this.#accounts.find((account) => account instanceof BumpAccount);
    this.#outer = outer;
    this.#value = outer === null ? 0 : outer.#value + 100;
  }

  apply(operation: Operation): void {
    if ('size' in operation && operation.size >= IMPOSSIBLE && this.#traits.givesUp === false) {
      return; // V8 looks for garbage before it refuses so much, for tens of milliseconds
    }
    switch (operation.do) {
      case 'alloc':
        this.#alloc(operation.size, operation.align);
        break;
      case 'realloc':
        this.#realloc(operation.at, operation.size, operation.align);
        break;
      case 'free':
        this.#free(operation.at);
        break;
      case 'free again':
        this.#freeAgain(operation.at);
        break;
      case 'ask for the lifetime':
        this.#ask(operation.at);
        break;
      case 'scope':
        this.#scope(operation.operations, operation.fails);
        break;
      case 'checkpoint':
        if (this.#allocator instanceof BumpArena) {
          this.#bump!.enter(this.#allocator.checkpoint());
        }
        break;
      case 'rewind':
        this.#rewind(operation.at);
        break;
      case 'start over':
        this.#startOver(operation.way);
        break;
    }
    this.check();
  }

  /** Gives every block back, after which there must be as much room as at first. */
  finish(): void {
    const { count = 1, largest, takesBack } = this.#traits;
    const order = takesBack === 'last' ? [...this.#live].sort((a, b) => b.offset - a.offset) : [...this.#live];
    for (const entry of order) {
      this.#give(entry);
      this.check();
    }
    if (takesBack === 'every' && largest > 0 && largest !== Infinity) {
      for (let i = 0; i < count; i++) {
        expect(this.#alloc(largest)).not.toBeNull();
      }
      this.check();
    }
  }

  // --- Blocks -----------------------------------------------------------------------------------------------------

  #alloc(size: number, align?: number): Buffer | null {
    const { count = 1, largest, maxAlign = 256, takesBack } = this.#traits;
    const block = this.#allocator.alloc(size, align);
    for (const account of this.#accounts) {
      account.alloc(size, align, block);
    }
    if (block === null) {
      // Where nothing is handed out there is room for all that there ever was room for.
      const isEmpty = takesBack === 'every' && this.#live.length === 0 && count > 0;
      const fits = largest === Infinity ? size < IMPOSSIBLE : isEmpty && size <= largest;
      expectSame([size, align, fits && (align ?? 1) <= maxAlign], [size, align, false]);
    } else {
      this.#checkAnswer(block, size, align);
      this.#keep(block);
    }
    return block;
  }

  #keep(block: Buffer, lifetime?: BlockLifetime): void {
    const value = (this.#value = (this.#value + 1) % 256);
    block.fill(value);
    const { buffer, byteOffset: offset, length } = block;
    this.#live.push({ block, buffer, offset, length, value, lifetime });
  }

  #realloc(at: number, size: number, align?: number): void {
    const entry = this.#pick(at);
    if (entry === undefined) {
      return;
    }
    const { block, value } = entry;
    const answer = this.#allocator.realloc(block, size, align);
    for (const account of this.#accounts) {
      account.realloc(entry, size, align, answer);
    }
    if (answer === null) {
      expectSame([size, this.#traits.largest === Infinity && size < IMPOSSIBLE], [size, false]);
      return; // what check() finds now must be as it was
    }
    // A BumpAlloc may have made a longer ArrayBuffer over the same memory meanwhile.
    const sameMemory = answer.buffer === entry.buffer || this.#allocator instanceof BumpAlloc;
    const moved = !sameMemory || answer.byteOffset !== entry.offset;
    this.#checkAnswer(answer, size, moved ? align : 1);
    if (!isFilled(answer.subarray(0, Math.min(size, entry.length)), value)) {
      throw new Error(`realloc of ${entry.length} to ${size} bytes has lost contents`);
    }
    this.#remove(entry, moved);
    // An empty block has no memory in common with what it becomes, or has been.
    // What becomes shorter gives memory up.
    const isOther = moved || entry.length === 0 || answer.length < entry.length;
    this.#keep(answer, isOther ? undefined : entry.lifetime);
  }

  #checkAnswer(block: Buffer, size: number, align = size >= 8 ? 8 : 1): void {
    const { exact } = this.#traits;
    expectSame([Buffer.isBuffer(block), exact === true ? block.length === size : block.length >= size], [true, true]);
    expectSame([size, align, block.byteOffset % align], [size, align, 0]);
  }

  #ask(at: number): void {
    const entry = this.#pick(at);
    if (entry !== undefined) {
      entry.lifetime = this.#allocator.lifetimeOf?.(entry.block);
    }
  }

  #free(at: number): void {
    const entry = this.#pick(at);
    if (entry !== undefined) {
      this.#give(entry);
    }
  }

  #give(entry: Live): void {
    this.#allocator.free(entry.block);
    for (const account of this.#accounts) {
      account.free(entry);
    }
    this.#remove(entry, true);
  }

  /** Takes a block from the list, and notes it as dead where it is known to be given up. */
  #remove(entry: Live, given: boolean): void {
    this.#live.splice(this.#live.indexOf(entry), 1);
    if (given && entry.length > 0) {
      this.#dead.push({ ...entry, gone: false });
      if (this.#traits.lifetime === 'free' && entry.lifetime !== undefined) {
        expectSame([entry.lifetime.ended], [true]);
      }
    }
  }

  #freeAgain(at: number): void {
    const { ownErrors } = this.#traits;
    const dead = this.#dead.filter((entry) => this.#ownsDead(entry) === false);
    const entry = dead[Math.floor(at * dead.length)];
    if (entry !== undefined) {
      for (const refused of [
        () => {
          this.#allocator.free(entry.block);
        },
        () => this.#allocator.realloc(entry.block, 8),
      ]) {
        const codes = [
          'ERR_OFFHEAP_FOREIGN_BLOCK',
          'ERR_OFFHEAP_DOUBLE_FREE',
          ...(ownErrors === true ? [undefined] : []),
        ];
        expect(refused).toThrow();
        expectSame([codes.includes(codeOf(refused))], [true]);
      }
    }
  }

  /** Whether the memory of a dead block must be owned all the same, for somebody else has it now; undefined: who knows. */
  #ownsDead({ buffer, offset, length, gone }: Dead): boolean | undefined {
    if (gone) {
      return false;
    }
    if (this.#bump !== undefined) {
      return offset + length > this.#bump.used ? false : undefined;
    }
    return this.#traits.takesBack === 'every'
      ? this.#live.some(
          (live) => live.buffer === buffer && live.offset <= offset && offset + length <= live.offset + live.length,
        )
      : undefined;
  }

  #pick(at: number): Live | undefined {
    return this.#live[Math.floor(at * this.#live.length)];
  }

  // --- Going back -------------------------------------------------------------------------------------------------

  #scope(operations: readonly Operation[], fails: boolean): void {
    const allocator = this.#allocator;
    const run = (model: Model): void => {
      for (const operation of operations) {
        model.apply(operation);
      }
      if (fails) {
        throw new Failure();
      }
    };
    try {
      if (allocator instanceof BumpArena) {
        const frame = this.#bump!.enter(null);
        try {
          allocator.scope(() => {
            run(this);
          });
        } finally {
          if (this.#bump!.goBack(frame)) {
            this.#dropAbove();
          }
        }
      } else if ('isScoped' in allocator) {
        this.#innerScope(allocator as Scope, run);
      }
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
    }
  }

  #innerScope(scope: Scope, run: (model: Model) => void): void {
    let inner: Model | undefined;
    try {
      scope.scope((allocator) => {
        inner = new Model(allocator, this.#traits, this);
        expect([scope.isScoped, allocator.isScoped]).toEqual([true, false]);
        expect(codeOf(() => scope.alloc(1))).toBe('ERR_OFFHEAP_SCOPED');
        run(inner);
      });
    } finally {
      expect(scope.isScoped).toBe(false);
      for (const { block, lifetime, length } of inner!.#live) {
        expectSame([lifetime?.ended ?? true, length > 0 && scope.owns(block)], [true, false]);
        expectSame([codeOf(() => inner!.#allocator.realloc(block, 1))], ['ERR_OFFHEAP_DISPOSED']);
      }
    }
  }

  #rewind(at: number): void {
    const frame = this.#bump?.checkpointAt(at);
    if (frame !== undefined && this.#allocator instanceof BumpArena) {
      this.#allocator.rewind(frame.checkpoint!);
      this.#bump!.goBack(frame);
      this.#dropAbove();
    }
  }

  #startOver(way: (Operation & { do: 'start over' })['way']): void {
    const allocator = this.#allocator;
    if (allocator instanceof BumpArena) {
      if (way === 'detach') {
        allocator.renew({ detach: true });
      } else {
        allocator[way]();
      }
      this.#bump!.startOver();
      this.#dropAbove(way !== 'resetUnsafe');
    }
  }

  /** Drops what lies above the pointer. Empty blocks lie nowhere; they are dropped, too, and nothing is known of them. */
  #dropAbove(gone = false): void {
    const { used } = this.#bump!;
    const dropped = this.#live.filter(({ offset, length }) => length === 0 || offset + length > used);
    for (const entry of dropped.filter(({ length }) => length > 0)) {
      expectSame([entry.lifetime?.ended ?? true], [true]);
      this.#dead.push({ ...entry, gone });
    }
    this.#dead = gone ? this.#dead.map((entry) => ({ ...entry, gone })) : this.#dead;
    this.#live = this.#live.filter((entry) => !dropped.includes(entry));
  }

  // --- Checking ---------------------------------------------------------------------------------------------------

  /** Checks all that must hold at any time. */
  check(): void {
    const problems = this.#problems();
    if (problems.length > 0) {
      throw new Error(problems.join('\n'));
    }
    for (const account of this.#accounts) {
      account.check(this.#live);
    }
    this.#outer?.check();
  }

  /** Without `expect`, which would take most of the time. */
  #problems(): string[] {
    const allocator = this.#allocator;
    const owns = (block: Buffer): boolean | undefined => (isOwner(allocator) ? allocator.owns(block) : undefined);
    const problems: string[] = [];
    for (const { block, length, lifetime, offset, value } of this.#live) {
      const is = `a live block of ${length} bytes at ${offset}`;
      if (block.length !== length || !isFilled(block, value)) {
        problems.push(`${is} has lost its contents`);
      }
      if (owns(block) === false) {
        problems.push(`${is} is not owned`);
      }
      if (lifetime?.ended === true) {
        problems.push(`the lifetime of ${is} has ended`);
      }
    }
    for (const [a, b] of overlapping(this.#live)) {
      problems.push(`${a.length} bytes at ${a.offset} and ${b.length} at ${b.offset} overlap`);
    }
    for (const entry of this.#dead) {
      const expected = this.#ownsDead(entry);
      if (expected !== undefined && (owns(entry.block) ?? expected) !== expected) {
        problems.push(`${entry.length} bytes at ${entry.offset}, given up before, are ${expected ? 'not ' : ''}owned`);
      }
    }
    return problems;
  }
}

/** Each byte is compared with the next one, by one call that does not run in JavaScript. */
function isFilled(block: Buffer, value: number): boolean {
  return block.length === 0 || (block[0] === value && block.subarray(1).equals(block.subarray(0, -1)));
}

/** Pairs of neighbours in the same ArrayBuffer, of which the first one is too long. */
function overlapping(live: readonly Live[]): [Live, Live][] {
  const ends = new Map<ArrayBufferLike, Live>();
  const found: [Live, Live][] = [];
  for (const entry of live.filter(({ length }) => length > 0).sort((a, b) => a.offset - b.offset)) {
    const before = ends.get(entry.buffer);
    if (before !== undefined && before.offset + before.length > entry.offset) {
      found.push([before, entry]);
    }
    ends.set(entry.buffer, entry);
  }
  return found;
}
