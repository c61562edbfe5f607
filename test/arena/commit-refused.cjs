// Run with 1500 MiB of memory to spare, and with --expose-gc: an arena that has 1 GiB cannot double that, and must take
// what it needs in smaller steps. Not all there is, since V8 needs some, too, and dies without.
const { setTimeout: wait } = require('node:timers/promises');

const { BumpArenaLazy, GiB, MiB, setMemoryLimit } = require('../../dist');

setMemoryLimit(Infinity); // so that it is the system that refuses: Node 24 takes the shell's limit for a container's

function fill() {
  const arena = new BumpArenaLazy(4 * GiB);
  let taken = 0;
  while (taken < 1100 * MiB && arena.alloc(1 * MiB) !== null) {
    taken += 1 * MiB;
  }
  const { committed, remaining } = arena;
  const refused = arena.alloc(1 * GiB) === null && remaining === arena.remaining;
  arena.dispose();
  return { taken: taken / MiB, committed: committed / MiB, refused };
}

async function main() {
  const first = fill();
  // What was exposed stays mapped, if without memory behind it, until nothing can reach it.
  for (let turn = 0; turn < 5; turn++) {
    gc();
    await wait(5);
  }
  console.log(JSON.stringify([first, fill()]));
}

main();
