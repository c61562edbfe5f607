// One copy, whether a program imports or requires.
export * from './fastify.js';
export { requestArenaPlugin as default } from './fastify.js';
