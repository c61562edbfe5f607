// One copy of every class, whether a program imports or requires.
export * from './index.js';
