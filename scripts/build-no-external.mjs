// Builds the addon as it behaves where the runtime refuses external ArrayBuffers, for the tests of that:
// build/no-external/build/Release/offheap.node.
import { buildVariant } from './build-variant.mjs';

buildVariant('no-external', { compile: '-include ../native/test/no_external_buffers.h' });
