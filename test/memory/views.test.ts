import { Views } from '../../lib/memory/views';

describe('Views', () => {
  it('show the same bytes, each in its own way', () => {
    const views = new Views(new ArrayBuffer(32));
    views.u64[1] = 0x8000000000000001n;
    expect(views.i64[1]).toBe(-0x7fffffffffffffffn);
    expect(views.u8[8]).toBe(1);
    expect(views.i8[15]).toBe(-128);
    expect(views.u16[7]).toBe(0x8000);
    expect(views.i16[7]).toBe(-0x8000);
    expect(views.u32[3]).toBe(0x80000000);
    expect(views.i32[3]).toBe(-0x80000000);
    views.f64[2] = 1.5;
    expect(views.u32[5]).toBe(0x3ff80000);
    views.f32[6] = 1.5;
    expect(views.u32[6]).toBe(0x3fc00000);
  });

  it('leave out what is less than an element', () => {
    const { u8, u16, f32, f64 } = new Views(new ArrayBuffer(7));
    expect([u8.length, u16.length, f32.length, f64.length]).toEqual([7, 3, 1, 0]);
  });
});
