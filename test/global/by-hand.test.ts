import { answerOf } from './support';

/** What a program answers that has these names; before anything is installed, but for what importing installs. */
function answer(code: string): Promise<unknown> {
  return answerOf([
    '-e',
    `const node = [Buffer.allocUnsafe, Buffer.concat];
     const isNodes = () => Buffer.allocUnsafe === node[0] && Buffer.concat === node[1];
     const { BumpAlloc, MiB } = require('offheap');
     const { installGlobal, uninstall } = require('offheap/global');
     const part = Buffer.alloc(10);
     const both = () => [Buffer.allocUnsafe(10), Buffer.concat([part])];
     const served = (alloc) => both().every((each) => alloc.owns(each));
     const allocs = [1, 2].map((size) => BumpAlloc.withSize(size * MiB));
     console.log(JSON.stringify((() => { ${code} })()));`,
  ]);
}

describe('installGlobal', () => {
  it('refuses what is no BumpAlloc, and changes nothing', async () => {
    const code = `
      uninstall();
      const refused = [null, 5, 'text', {}, BumpAlloc, allocs[0].handle, Object.create(null)].map((each) => {
        try { installGlobal(each); } catch ({ name, code }) { return [name, code, isNodes()].join(); }
      });
      installGlobal(allocs[0]);
      try { installGlobal({}); } catch ({ message }) { refused.push(message); }
      return [...new Set(refused), served(allocs[0])];`;
    expect(await answer(code)).toEqual([
      'TypeError,ERR_INVALID_ARG_TYPE,true',
      'The "alloc" argument must be an instance of BumpAlloc. Received an instance of Object',
      true,
    ]);
  });

  it('goes over to another BumpAlloc, and leaves the Buffers of the first one as they are', async () => {
    const code = `
      installGlobal(allocs[0]);
      const [first] = both();
      first.fill(7);
      installGlobal(allocs[1]);
      return [served(allocs[1]), served(allocs[0]), allocs[0].owns(first), first.every((byte) => byte === 7)];`;
    expect(await answer(code)).toEqual([true, false, true, true]);
  });

  it('goes over to one with room when the last one is full', async () => {
    const code = `
      process.removeAllListeners('warning');
      installGlobal(allocs[0]);
      const large = () => Buffer.allocUnsafe(0.9 * MiB >>> 0);
      const before = [large(), large()].map((each) => allocs[0].owns(each));
      installGlobal(allocs[1]);
      return [before, [large(), large()].map((each) => allocs[1].owns(each))];`;
    expect(await answer(code)).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  it('does nothing when it is called again', async () => {
    const code = `
      installGlobal(allocs[0]);
      const ours = [Buffer.allocUnsafe, Buffer.concat];
      installGlobal(allocs[0]);
      installGlobal();
      installGlobal(undefined);
      const same = Buffer.allocUnsafe === ours[0] && Buffer.concat === ours[1];
      const still = served(allocs[0]);
      uninstall();
      return [same, still, isNodes()];`;
    expect(await answer(code)).toEqual([true, true, true]);
  });

  it('puts itself beneath what somebody has put over one function, also when somebody has restored the other', async () => {
    const code = `
      const ours = Buffer.concat;
      Buffer.concat = function traced(...args) { return ours.apply(this, args); };
      Buffer.allocUnsafe = node[0];
      uninstall();
      installGlobal(allocs[0]);
      const [routed, empty] = [served(allocs[0]), Buffer.concat([]).length];
      uninstall();
      return [routed, empty, Buffer.concat([part]).length, Buffer.allocUnsafe === node[0]];`;
    expect(await answer(code)).toEqual([true, 0, 10, true]);
  });

  it.each(['allocUnsafe', 'concat'])(
    'is refused, or not in need of it, where %s cannot be replaced, and never half done',
    async (name) => {
      const code = `
      uninstall();
      Object.defineProperty(Buffer, '${name}', { writable: false, configurable: false });
      let refused = false;
      try { installGlobal(allocs[0]); } catch { refused = true; }
      return refused ? isNodes() : served(allocs[0]);`;
      expect(await answer(code)).toBe(true);
    },
  );

  it('without an argument, after uninstall(), takes a BumpAlloc of its own', async () => {
    const code = `
      installGlobal(allocs[0]);
      uninstall();
      installGlobal();
      const { handle } = require('node:worker_threads').getEnvironmentData('offheap/global');
      return [served(allocs[0]), isNodes(), BumpAlloc.attach(handle).owns(Buffer.allocUnsafe(5 * MiB))];`;
    expect(await answer(code)).toEqual([false, false, true]);
  });
});

describe('uninstall', () => {
  it('gives back the very functions of Node.js, and Buffers stay what they are', async () => {
    const code = `
      installGlobal(allocs[0]);
      const buffers = both().map((each) => each.fill(7));
      const before = isNodes();
      uninstall();
      const plain = both().some((each) => allocs[0].owns(each));
      const intact = buffers.every((each) => each.every((byte) => byte === 7));
      uninstall();
      return [before, isNodes(), plain, intact];`;
    expect(await answer(code)).toEqual([false, true, false, true]);
  });

  it.each(['allocUnsafe', 'concat'])(
    'leaves a function that somebody has put over our %s, which works on',
    async (name) => {
      const code = `
      installGlobal(allocs[0]);
      const ours = Buffer.${name};
      let calls = 0;
      const theirs = function (...args) { calls++; return ours.apply(this, args); };
      Buffer.${name} = theirs;
      const log = [];
      const look = () => log.push([Buffer.${name} === theirs, served(allocs[0]), served(allocs[1])].join(' '));
      look();
      uninstall();
      look();
      installGlobal(allocs[1]);
      look();
      uninstall();
      Buffer.${name} = ours;
      uninstall();
      return [log, calls >= 6, isNodes()];`;
      const log = ['true true false', 'true false false', 'true false true'];
      expect(await answer(code)).toEqual([log, true, true]);
    },
  );

  it.each(['allocUnsafe', 'concat'])('brings back the %s that somebody had put there before', async (name) => {
    const code = `
      uninstall();
      const theirs = function (...args) { return node['${name}' === 'concat' ? 1 : 0].apply(this, args); };
      Buffer.${name} = theirs;
      installGlobal(allocs[0]);
      const routed = served(allocs[0]);
      uninstall();
      return [routed, Buffer.${name} === theirs];`;
    expect(await answer(code)).toEqual([true, true]);
  });
});
