// Makes Buffers, writes to all of each, and keeps them or drops them, or joins them from eight parts: nanoseconds a Buffer, and what
// is resident then.
const [size, mode, total] = process.argv.slice(2);
const count = Math.floor(Number(total) / Number(size));
const kept = mode === 'kept' ? new Array(count).fill(null) : null;
const parts = Array.from({ length: 8 }, () => Buffer.alloc(Number(size) / 8, 1));

const begin = process.hrtime.bigint();
for (let i = 0; i < count; i++) {
  const buffer = mode === 'joined' ? Buffer.concat(parts) : Buffer.allocUnsafe(Number(size)).fill(i & 255);
  if (kept !== null) {
    kept[i] = buffer;
  }
}
const nanoseconds = Number(process.hrtime.bigint() - begin) / count;
console.log(JSON.stringify({ nanoseconds, resident: process.memoryUsage.rss() }));
