// One copy, whether a program imports or requires.
export * from './index.js';
