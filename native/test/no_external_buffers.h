// Included before everything else, makes an addon for which every runtime is one that refuses external ArrayBuffers, as
// Electron does: scripts/build-no-external.mjs.
#pragma once

#include <node_api.h>

static inline napi_status RefuseExternalArrayBuffer(napi_env, void*, size_t, napi_finalize, void*, napi_value*) {
  return napi_no_external_buffers_allowed;
}

#define napi_create_external_arraybuffer RefuseExternalArrayBuffer
