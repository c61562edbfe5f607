import { invalidType, OffheapError, outOfRange } from '../errors';
import { creatorOf } from '../layout/creator';
import { StructType } from '../layout/struct-type';
import type { RecordClass } from '../layout/field-type';
import { isDetached } from '../memory/detach';
import { Lifetime, NOTHING, type Owner } from '../memory/lifetime';
import { MAX_LENGTH, type Region } from '../memory/region';
import { TextSpace } from '../memory/text-space';
import { Views } from '../memory/views';

/** How much room each record's texts get where nobody says it, in bytes. */
const TEXT_PER_RECORD = 64;

export type DropHook = (record: object, index: number) => void;

export interface RecordsOptions {
  readonly drop: DropHook | null;
  readonly textBytes: number | undefined;
}

/**
 * What a typed arena does besides its hot path: records of one struct, one after the other from the start of a region.
 */
export class Records implements Owner {
  /** The records of this round. Another one after each reset; ended while the arena cannot be used, so nothing fits. */
  memory: Lifetime;
  readonly type: StructType;
  /** How many there can be. */
  readonly capacity: number;
  readonly region: Region;
  readonly text: TextSpace | null;
  readonly #drop: DropHook | null;
  #views: Views;
  /** Bytes that were reached in this round. */
  #reached = 0;
  /** Somebody has views of an earlier round on the region's buffer, and the region could not start over. */
  #tainted = false;
  #state: 'open' | 'dropping' | 'disposed' = 'open';
  #readers = 0;
  /** As it was when records were given up last. */
  #highWaterMark = 0;

  constructor(Struct: RecordClass, capacity: number, options: RecordsOptions, makeRegion: (bytes: number) => Region) {
    this.type = new StructType(Struct);
    creatorOf(Struct); // refuses what cannot be a class of records
    this.capacity = capacity;
    this.#drop = options.drop;
    this.region = makeRegion(capacity * this.type.size);
    try {
      this.text = this.type.hasText
        ? new TextSpace(options.textBytes ?? Math.min(capacity * TEXT_PER_RECORD, MAX_LENGTH), makeRegion)
        : null;
    } catch (error) {
      this.region.dispose();
      throw error;
    }
    this.#views = new Views(this.region.buffer);
    this.memory = this.#newMemory();
  }

  get definition(): object {
    return this.type.definition;
  }

  /** Bytes from one record to the next. */
  get stride(): number {
    return this.type.size;
  }

  #newMemory(): Lifetime {
    // Where the region could not start over, nothing may be seen before it has.
    const views = this.#tainted || isDetached(this.region.buffer) ? null : this.#newestViews();
    return new Lifetime(this, views, { text: this.text });
  }

  // --- Room -------------------------------------------------------------------------------------------------------

  /** How many records there are. */
  get length(): number {
    return this.memory.length;
  }

  /** Bytes that they take, with their texts. */
  get used(): number {
    return this.length * this.stride + (this.text?.used ?? 0);
  }

  /** The largest `used` ever reached. */
  get highWaterMark(): number {
    return Math.max(this.#highWaterMark, this.used);
  }

  /** The memory of the records, and of their texts. */
  get regions(): Region[] {
    return this.text === null ? [this.region] : [this.region, this.text.region];
  }

  /** Makes room for one more record, where the hot path has found none; false when the arena is full. */
  room(): boolean {
    return this.reserve(this.length + 1);
  }

  /** Makes room for `count` records in all. */
  reserve(count: number): boolean {
    this.checkUsable();
    if (this.memory.ended) {
      this.memory.recover(0); // somebody has taken the records away
    }
    if (count > this.capacity) {
      return false;
    }
    const end = count * this.type.size;
    if (this.#tainted) {
      this.#startOver();
    }
    if (end > this.memory.bytes.length) {
      if (this.length > 0 && this.currentViews(this.memory.buffer) === null) {
        this.memory.recover(end);
      }
      if (!this.region.grow(end)) {
        return false;
      }
      this.#reached = Math.max(this.#reached, end);
      this.memory.see(this.#newestViews());
    }
    return true;
  }

  currentViews(seen: ArrayBuffer): Views | null {
    const { region } = this;
    if (isDetached(region.buffer) || isDetached(seen)) {
      if (!region.keepsContents || !region.grow(this.#reached)) {
        return null;
      }
    }
    return this.#newestViews();
  }

  #newestViews(): Views {
    const { buffer } = this.region;
    if (this.#views.buffer !== buffer) {
      this.#views = new Views(buffer);
    }
    return this.#views;
  }

  // --- Starting over ----------------------------------------------------------------------------------------------

  /** Drops all records and starts over. Ends empty, whatever the hooks throw. */
  reset(): void {
    this.#checkNotRead('reset');
    const errors = this.#dropAll();
    this.text?.goBack(0);
    if (this.#tainted) {
      try {
        this.#startOver();
      } catch (error) {
        errors.push(error);
      }
    }
    this.memory = this.#newMemory();
    throwAll(errors, 'reset');
  }

  #startOver(): void {
    this.region.reset(this.#reached);
    this.#reached = this.region.buffer.byteLength;
    this.#tainted = false;
    if (!this.memory.ended) {
      this.memory.see(this.#newestViews());
    }
  }

  dispose(): void {
    if (this.#state === 'disposed') {
      return;
    }
    this.#checkNotRead('dispose');
    const errors = this.#dropAll();
    this.#state = 'disposed';
    this.region.dispose();
    this.#views = NOTHING;
    this.text?.dispose();
    throwAll(errors, 'dispose');
  }

  /** Takes all records out, gives each to the hook, the newest first, and answers what the hook has thrown. */
  #dropAll(): unknown[] {
    const { length, memory } = this;
    const { buffer } = memory;
    this.#highWaterMark = this.highWaterMark;
    // Before the first hook runs, so that nothing which a hook does can drop a record twice, and nothing can be added.
    memory.end();
    memory.length = 0;
    this.#tainted ||= memory.exposed;
    if (this.#drop === null || length === 0) {
      return [];
    }
    this.#state = 'dropping';
    const errors: unknown[] = [];
    let views: Views | null = null;
    try {
      views = this.currentViews(buffer);
    } catch (error) {
      errors.push(error);
    }
    const last = new Lifetime(this, views, { text: this.text });
    if (views === null) {
      last.end(); // somebody has taken the records away; each is dropped all the same
    }
    this.#callHooks(this.#drop, last, length, errors);
    this.#state = 'open';
    last.end();
    this.#tainted ||= last.exposed;
    return errors;
  }

  #callHooks(drop: DropHook, memory: Lifetime, length: number, errors: unknown[]): void {
    const { create, definition, movable, size, align } = this.type;
    let record: object | null = null;
    for (let i = length - 1; i >= 0; i--) {
      try {
        const unit = i * (size / align);
        if (record === null || !movable) {
          record = new create(memory, unit);
        } else {
          definition.handle.move(record, unit);
        }
        drop(record, i);
      } catch (error) {
        errors.push(error);
      }
    }
  }

  /** Forbids starting over until the function that this answers is called. */
  hold(): () => void {
    this.checkUsable();
    this.#readers++;
    this.text?.hold();
    return () => {
      this.#readers--;
      this.text?.letGo();
    };
  }

  // --- Checks -----------------------------------------------------------------------------------------------------

  /** @throws OffheapError `ERR_OFFHEAP_DISPOSED` after `dispose`, `ERR_OFFHEAP_EXCLUSIVE` in a drop hook. */
  checkUsable(): void {
    if (this.#state === 'disposed') {
      throw new OffheapError('ERR_OFFHEAP_DISPOSED', 'The arena has been disposed of');
    }
    if (this.#state === 'dropping') {
      throw new OffheapError(
        'ERR_OFFHEAP_EXCLUSIVE',
        'The arena is dropping its records and cannot be used before the last drop hook has returned',
      );
    }
  }

  get disposed(): boolean {
    return this.#state === 'disposed';
  }

  #checkNotRead(action: string): void {
    this.checkUsable();
    if (this.#readers > 0) {
      throw new OffheapError('ERR_OFFHEAP_PINNED', `Cannot ${action}: the records are being saved`);
    }
  }

  /** Throws what says why there is no record at an index. */
  rejectIndex(index: unknown): never {
    this.checkUsable();
    if (typeof index !== 'number') {
      throw invalidType('index', 'of type number', index);
    }
    throw outOfRange('index', `an integer >= 0 && < ${this.length}, the length of the arena`, index);
  }
}

function throwAll(errors: unknown[], action: string): void {
  if (errors.length === 1) {
    throw errors[0];
  }
  if (errors.length > 1) {
    throw new AggregateError(errors, `${errors.length} errors in ${action}, which is done nevertheless`);
  }
}
