// Makes Buffers, writes to all of each, and keeps them or drops them: nanoseconds a Buffer, and what is resident then.
const [size, mode, total] = process.argv.slice(2);
const count = Math.floor(Number(total) / Number(size));
const kept = mode === 'kept' ? new Array(count).fill(null) : null;

const begin = process.hrtime.bigint();
for (let i = 0; i < count; i++) {
  const buffer = Buffer.allocUnsafe(Number(size));
  buffer.fill(i & 255);
  if (kept !== null) {
    kept[i] = buffer;
  }
}
const nanoseconds = Number(process.hrtime.bigint() - begin) / count;
console.log(JSON.stringify({ nanoseconds, resident: process.memoryUsage.rss() }));
