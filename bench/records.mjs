// What does a record of five fields cost to add, and to read, among a million?
import './support/prepare.mjs';

import { TypedArena, TypedArenaLazy } from '../dist/index.mjs';
import { BodiesByHand, Body, BodyObject, INIT, VALUES } from './support/bodies.mjs';
import { compare, ownLoop } from './support/measure.mjs';
import { atMost, atMostTimes, report, row } from './support/report.mjs';

const COUNT = 1e6;

const arena = new TypedArenaLazy(Body, COUNT);
const hand = new BodiesByHand(COUNT);
const { u32, f32, f64 } = hand;
const objects = [];
const views = { u32, f32, f64 };

/** Work on all of the million. */
const each = (names, body, { before = '', after = '' } = {}) => ({
  run: ownLoop(names, `${before} for (let i = 0; i < ${COUNT}; i++) { ${body} } ${after}`),
  operations: COUNT,
});
/** A sum that is a double from the start, as sums of such fields are. */
const sum = (names, expression) =>
  each(names, `sum += ${expression};`, { before: 'let sum = 0.5;', after: 'return sum;' });

const added = await compare({
  pushValues: each({ arena }, `arena.pushValues(${VALUES});`, { before: 'arena.reset();' }),
  push: each({ arena }, `arena.push(${INIT});`, { before: 'arena.reset();' }),
  hand: each({ hand }, `hand.push(${VALUES});`, { before: 'hand.length = 0;' }),
  bare: each(
    views,
    'u32[i * 6] = i; f32[i * 6 + 1] = i * 0.5; f32[i * 6 + 2] = 1.5; f32[i * 6 + 3] = i * 0.25; f64[i * 3 + 2] = i * 1.5;',
  ),
  // All of a million, which live until there are as many new ones.
  objects: {
    run: ownLoop(
      { BodyObject, state: { kept: null } },
      `const kept = []; for (let i = 0; i < ${COUNT}; i++) kept.push(new BodyObject(${VALUES})); state.kept = kept;`,
    ),
    operations: COUNT,
  },
});
for (let i = 0; i < COUNT; i++) {
  objects[i] = new BodyObject(i, i * 0.5, 1.5, i * 0.25, i * 1.5);
}

const whenAdding = { 'by hand': added.hand, 'by hand, in the loop': added.bare, 'class instances kept': added.objects };
const adding = [
  row('TypedArenaLazy pushValues', added.pushValues, whenAdding, {
    budgets: [atMost(6), atMostTimes(1.5, 'by hand'), atMostTimes(1 / 15, 'class instances kept')],
  }),
  row('TypedArenaLazy push', added.push, whenAdding, {
    budgets: [atMost(10), atMostTimes(1 / 15, 'class instances kept')],
  }),
];

const order = Uint32Array.from({ length: COUNT }, (_, i) => (i * 7919) % COUNT);
const target = new Float32Array(COUNT);
const read = await compare({
  at: sum({ arena }, 'arena.at(i).x'),
  method: sum({ arena }, 'arena.at(i).speed()'),
  forEach: {
    run: ownLoop({ arena }, 'let sum = 0.5; arena.forEach((body) => { sum += body.x; }); return sum;'),
    operations: COUNT,
  },
  iterate: {
    run: ownLoop({ arena }, 'let sum = 0.5; for (const body of arena) sum += body.x; return sum;'),
    operations: COUNT,
  },
  column: sum({ column: arena.column('x') }, 'column.at(i)'),
  copyTo: { run: ownLoop({ column: arena.column('x'), target }, 'column.copyTo(target);'), operations: COUNT },
  write: each({ arena }, 'arena.at(i).x = i;'),
  shuffled: sum({ arena, order }, 'arena.at(order[i]).x'),
  hand: sum({ hand }, 'hand.x(i)'),
  bare: sum({ f32 }, 'f32[i * 6 + 1]'),
  handWrite: each({ hand }, 'hand.setX(i, i);'),
  handShuffled: sum({ hand, order }, 'hand.x(order[i])'),
  objects: sum({ objects }, 'objects[i].x'),
  objectsMethod: sum({ objects }, 'objects[i].speed()'),
  objectsForEach: {
    run: ownLoop({ objects }, 'let sum = 0.5; objects.forEach((body) => { sum += body.x; }); return sum;'),
    operations: COUNT,
  },
  objectsIterate: {
    run: ownLoop({ objects }, 'let sum = 0.5; for (const body of objects) sum += body.x; return sum;'),
    operations: COUNT,
  },
  objectsWrite: each({ objects }, 'objects[i].x = i + 0.5;'),
  objectsShuffled: sum({ objects, order }, 'objects[order[i]].x'),
});
const whenReading = { 'objects[i].x': read.objects, 'by hand': read.hand, 'by hand, in the loop': read.bare };
const reading = [
  row('at(i).x', read.at, whenReading, {
    budgets: [atMost(4.5), atMostTimes(1, 'objects[i].x'), atMostTimes(1.5, 'by hand')],
  }),
  row(
    'forEach, body.x',
    read.forEach,
    { 'objects.forEach': read.objectsForEach, ...whenReading },
    { budgets: [atMost(4.5), atMostTimes(1, 'objects[i].x'), atMostTimes(1.5, 'by hand')] },
  ),
  row('for … of, body.x', read.iterate, { 'for … of objects': read.objectsIterate }),
  row('at(i).speed(), a method', read.method, { 'objects[i].speed()': read.objectsMethod }),
  row('at(i).x = …', read.write, { 'objects[i].x = …': read.objectsWrite, 'by hand': read.handWrite }),
  row('at(order[i]).x, in no order', read.shuffled, {
    'objects[order[i]].x': read.objectsShuffled,
    'by hand': read.handShuffled,
  }),
  row("column('x').at(i)", read.column, whenReading),
  row("column('x').copyTo(array), each", read.copyTo, { 'by hand, in the loop': read.bare }),
];

// Afterwards, since it makes the same code see a second class of arena.
const eager = new TypedArena(Body, COUNT);
const second = await compare({
  pushValues: each({ eager }, `eager.pushValues(${VALUES});`, { before: 'eager.reset();' }),
  at: sum({ eager }, 'eager.at(i).x'),
});
adding.push(row('TypedArena pushValues', second.pushValues, { 'by hand': added.hand }, { budgets: [atMost(6)] }));
reading.push(row('TypedArena at(i).x', second.at, { 'by hand': read.hand }, { budgets: [atMost(4.5)] }));

report(
  { question: 'Records: adding one of five fields, a million kept', rows: adding },
  { question: 'Records: reading one field of each of a million', rows: reading },
);
