// Run under a limit on writable memory: a MemoryArena is full when the system has no more, and loses nothing by it.
const { GiB, MemoryArena, MiB, setMemoryLimit } = require('../../dist');

setMemoryLimit(Infinity); // so that it is the system that refuses: Node 24 takes the shell's limit for a container's

/** Takes MiB by MiB, not all there is: V8 needs some, too, and dies without. */
function take(allocator, most) {
  let taken = 0;
  while (taken < most && allocator.alloc(1 * MiB) !== null) {
    taken++;
  }
  return taken;
}

const arena = new MemoryArena(8 * MiB);
const first = arena.allocator();
const taken = take(first, 1100);
const before = { used: first.used, committed: arena.committed };
const last = first.alloc(16);
const refused = [
  first.alloc(3 * GiB),
  first.allocZeroed(3 * GiB, 4096),
  first.allocArray(Float64Array, (3 * GiB) / 8),
  first.realloc(last, 3 * GiB),
].every((answer) => answer === null);
const after = { used: first.used - 16, committed: arena.committed };
const next = first.alloc(16);
const isNext = next.buffer.byteLength > last.byteOffset && next.byteOffset === last.byteOffset + 16;
const growsInPlace = first.realloc(next, 1 * MiB).byteOffset === next.byteOffset;
first.dispose();
const second = arena.allocator();
const again = take(second, 1100);
console.log(JSON.stringify({ taken, before, refused, after, isNext, growsInPlace, again }));
arena.dispose();
