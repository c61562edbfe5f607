// What do a Box and a Vec cost, beside an array?
import './support/prepare.mjs';

import { Box, BumpArenaLazy, f64, struct, u32, Vec } from '../dist/index.mjs';
import { compare, ownLoop } from './support/measure.mjs';
import { report, row } from './support/report.mjs';

const COUNT = 10_000;

const Point = struct({ x: f64, id: u32 });
const arena = new BumpArenaLazy(2 ** 30);

/** Runs a statement for each index. */
function loop(names, statement, before = '') {
  const body = `${before}; let last; for (let i = 0; i < ${COUNT}; i++) { ${statement} } return last;`;
  return { run: ownLoop(names, body), operations: COUNT };
}

/** A Vec that is full, so that what is measured is not its growth. */
function filled(type, value) {
  const vec = Vec.newIn(arena, type, COUNT);
  for (let i = 0; i < COUNT; i++) {
    vec.push(value(i));
  }
  return vec;
}

const numbers = filled(f64, (i) => i + 0.5);
const points = filled(Point, (i) => ({ x: i, id: i }));
const array = Array.from({ length: COUNT }, (_, i) => i + 0.5);
const objects = Array.from({ length: COUNT }, (_, i) => ({ x: i, id: i }));

const figures = await compare({
  push: loop({ vec: filled(f64, (i) => i) }, 'last = vec.push(i + 0.5);', 'vec.clear()'),
  arrayPush: loop({ array: [] }, 'last = array.push(i + 0.5);', 'array.length = 0'),
  at: loop({ numbers }, 'last = numbers.at(i);'),
  arrayAt: loop({ array }, 'last = array[i];'),
  elements: loop({ numbers }, 'last = elements[i];', 'const { elements } = numbers'),
  pushPoint: loop({ vec: filled(Point, () => ({})) }, 'last = vec.push({ x: i, id: 1 });', 'vec.clear()'),
  pushObject: loop({ array: [] }, 'last = array.push({ x: i, id: 1 });', 'array.length = 0'),
  atPoint: loop({ points }, 'last = points.at(i).x;'),
  atObject: loop({ objects }, 'last = objects[i].x;'),
  box: loop({ arena, Box, f64 }, 'last = Box.newIn(arena, f64, i); last.free();'),
});
report({
  question: 'Vec: 10,000 elements, and Box',
  rows: [
    row('Vec<f64> push', figures.push, { 'Array push': figures.arrayPush }),
    row('Vec<f64> at', figures.at, { 'array[i]': figures.arrayAt }),
    row('Vec<f64> elements[i]', figures.elements, { 'array[i]': figures.arrayAt }),
    row('Vec<struct> push', figures.pushPoint, { 'Array push of an object': figures.pushObject }),
    row('Vec<struct> at(i).x', figures.atPoint, { 'objects[i].x': figures.atObject }),
    row('Box<f64> newIn + free', figures.box, {}),
  ],
});
