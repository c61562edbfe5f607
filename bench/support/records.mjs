// What a program can keep a million records of five fields in. Each is a store, and how a record is added to it, read and written, as
// text: a loop that is compiled apart from all others. `many` says that a loop goes over all of the million; others would take seconds.
import bbo from 'buffer-backed-object';
import { View } from 'structurae';

import { TypedArenaLazy } from '../../dist/index.mjs';
import { BodiesByHand, BodiesInDataView, Body, BodyObject, INIT, VALUES } from './bodies.mjs';

const number = (btype) => ({ type: 'number', btype });

function inStructurae(count) {
  const Bodies = new View().create({
    type: 'array',
    items: {
      $id: 'Body',
      type: 'object',
      properties: {
        id: number('uint32'),
        x: number('float32'),
        y: number('float32'),
        z: number('float32'),
        mass: number('float64'),
      },
    },
  });
  return new Bodies(new ArrayBuffer(Bodies.getLength(count)));
}

function inBufferBackedObjects(count) {
  const fields = { id: bbo.Uint32(), x: bbo.Float32(), y: bbo.Float32(), z: bbo.Float32(), mass: bbo.Float64() };
  return bbo.ArrayOfBufferBackedObjects(new ArrayBuffer(count * bbo.structSize(fields)), fields);
}

export const STORES = {
  offheap: {
    make: (count) => new TypedArenaLazy(Body, count),
    start: 'store.reset();',
    add: `store.pushValues(${VALUES});`,
    read: 'store.at(i).x',
    write: 'store.at(i).x = i;',
    many: true,
  },
  'class instances': {
    make: () => [],
    names: { BodyObject },
    start: 'store.length = 0;',
    add: `store.push(new BodyObject(${VALUES}));`,
    read: 'store[i].x',
    write: 'store[i].x = i + 0.5;', // not a small integer, as such fields are
    many: true,
  },
  'typed arrays by hand': {
    make: (count) => new BodiesByHand(count),
    start: 'store.length = 0;',
    add: `store.push(${VALUES});`,
    read: 'store.x(i)',
    write: 'store.setX(i, i);',
    many: true,
  },
  'DataView by hand': {
    make: (count) => new BodiesInDataView(count),
    start: 'store.length = 0;',
    add: `store.push(${VALUES});`,
    read: 'store.x(i)',
    write: 'store.setX(i, i);',
    many: true,
  },
  structurae: {
    make: inStructurae,
    start: '',
    add: `store.set(i, ${INIT});`,
    read: "store.getView(i).get('x')",
    write: "store.getView(i).set('x', i);",
    many: false,
  },
  'buffer-backed-object': {
    make: inBufferBackedObjects,
    start: '',
    add: 'const body = store[i]; body.id = i; body.x = i * 0.5; body.y = 1.5; body.z = i * 0.25; body.mass = i * 1.5;',
    read: 'store[i].x',
    write: 'store[i].x = i;',
    many: false,
  },
};
