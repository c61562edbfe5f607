// renew({ detach: true }) under running jobs, and garbage collection right after: the jobs finish or throw
'use strict';

const assert = require('node:assert/strict');
const { JOB_BYTES, underJobs } = require('../jobs.cjs');
const { CAN_TRANSFER, run } = require('../support.cjs');

run(() =>
  underJobs(async (arena, ended) => {
    arena.renew({ detach: true });
    gc();
    const next = arena.alloc(JOB_BYTES).fill(0x22);
    const thrown = await ended();
    assert.ok(thrown === 0 || CAN_TRANSFER, `${thrown} jobs threw where nothing can be detached`);
    assert.ok(next.every((byte) => byte === 0x22));
    arena.renew({ detach: true });
  }),
);
