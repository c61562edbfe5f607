// The one place where an external ArrayBuffer is made, and where its end is noticed.
#pragma once

#include "../span.h"
#include "environment.h"

namespace offheap {

// Makes an ArrayBuffer over `size` bytes at `address`. `span` is released once the memory can no longer be reached:
// when the backing store was finalized and the ArrayBuffer object is dead. Either may come first, and neither is
// enough: a detached object's store goes while a job in another thread works on through the object it holds; a store
// outlives its object when it was transferred to another one. Where no ArrayBuffer could be made, the span is released,
// too.
napi_status MakeArrayBuffer(Environment* environment, napi_env env, uint8_t* address, size_t size, Span* span,
                            napi_value* result);

// Where finalizers are deferred: does what those have left to do that were called since. Called by the environment's
// own thread, whenever the package comes by.
void SettleDeferred(Environment* environment, napi_env env);

// At the end of the environment: lets go of what was found to be reachable by nobody.
void ReleaseExposures(Environment* environment);

}  // namespace offheap
