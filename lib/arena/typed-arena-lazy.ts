import type { StructClass } from '../layout/types';
import { LazyRegion } from '../memory/lazy-region';
import { Kind } from '../native/contract';
import { loadRecords, type RecordSource } from './record-file';
import { TypedArena, type TypedArenaOptions } from './typed-arena';

/**
 * An arena of records of one struct over reserved addresses, of which it commits as much as it needs: a capacity of a
 * billion records costs microseconds and no memory. Growth neither copies nor moves anything.
 *
 * Dropped without `dispose()`, its memory is given back once the garbage collector finds no reference and no view left;
 * drop hooks do not run then.
 *
 * @example
 * ```js
 * import { f64, struct, TypedArenaLazy, u32 } from 'offheap';
 *
 * const Order = struct({ id: u32, price: f64 });
 * const orders = new TypedArenaLazy(Order, 100_000_000); // addresses, and no memory yet
 * const index = orders.push({ id: 1, price: 12.5 });
 * orders.at(index).price *= 2;
 * console.log(orders.at(index).price); // → 25
 * ```
 */
export class TypedArenaLazy<T extends object> extends TypedArena<T> {
  /**
   * @param Struct A class made by `struct()`, or a subclass of one.
   * @param count The capacity in records: addresses are reserved for them.
   * @throws OffheapError `ERR_OFFHEAP_TOO_LARGE` where the records would need a longer ArrayBuffer than the runtime has
   * (4 GiB on Node 20); `ERR_OFFHEAP_OS` where the system has no addresses left; `ERR_OFFHEAP_ADDON` where there is no addon
   * for this platform.
   */
  constructor(Struct: StructClass<T>, count: number, options?: TypedArenaOptions<T>) {
    const makeRegion = (bytes: number): LazyRegion => new LazyRegion(bytes, Kind.typedArena);
    super(Struct, count, options, makeRegion, new.target === TypedArenaLazy);
  }

  static override load<T extends object>(
    Struct: StructClass<T>,
    source: RecordSource,
    options?: TypedArenaOptions<T> & { count?: number },
  ): Promise<TypedArenaLazy<T>> {
    return loadRecords<T, TypedArenaLazy<T>>(this, Struct, source, options);
  }
}
