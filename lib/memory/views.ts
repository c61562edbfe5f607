/**
 * A typed array of each kind over one whole ArrayBuffer, all from offset 0: an offset in bytes, divided by the size of
 * an element, is its index. Where the length in bytes is no multiple of the element's size, the rest is left out.
 *
 * Plain properties, since a getter would cost more at every read than all of them cost to make.
 */
export class Views {
  /** What all of them are over. */
  readonly buffer: ArrayBuffer;
  /** As signed integers of 8 bits. */
  readonly i8: Int8Array;
  /** As unsigned integers of 8 bits. */
  readonly u8: Uint8Array;
  /** As signed integers of 16 bits. */
  readonly i16: Int16Array;
  /** As unsigned integers of 16 bits. */
  readonly u16: Uint16Array;
  /** As signed integers of 32 bits. */
  readonly i32: Int32Array;
  /** As unsigned integers of 32 bits. */
  readonly u32: Uint32Array;
  /** As floating-point numbers of 32 bits. */
  readonly f32: Float32Array;
  /** As floating-point numbers of 64 bits. */
  readonly f64: Float64Array;
  /** As signed integers of 64 bits, which are bigints. */
  readonly i64: BigInt64Array;
  /** As unsigned integers of 64 bits, which are bigints. */
  readonly u64: BigUint64Array;

  constructor(buffer: ArrayBuffer) {
    const bytes = buffer.byteLength;
    this.buffer = buffer;
    this.i8 = new Int8Array(buffer, 0, bytes);
    this.u8 = new Uint8Array(buffer, 0, bytes);
    this.i16 = new Int16Array(buffer, 0, Math.floor(bytes / 2));
    this.u16 = new Uint16Array(buffer, 0, Math.floor(bytes / 2));
    this.i32 = new Int32Array(buffer, 0, Math.floor(bytes / 4));
    this.u32 = new Uint32Array(buffer, 0, Math.floor(bytes / 4));
    this.f32 = new Float32Array(buffer, 0, Math.floor(bytes / 4));
    this.f64 = new Float64Array(buffer, 0, Math.floor(bytes / 8));
    this.i64 = new BigInt64Array(buffer, 0, Math.floor(bytes / 8));
    this.u64 = new BigUint64Array(buffer, 0, Math.floor(bytes / 8));
  }
}
