#include "array_buffer.h"

#include <new>

namespace offheap {

struct Exposure {
  Environment* environment;
  Span* span;
  napi_ref object = nullptr;  // weak
  Exposure* newer = nullptr;
  Exposure* older = nullptr;
  Exposure* next_deferred = nullptr;
  bool made = false;         // JavaScript has seen it
  bool unreachable = false;  // found at teardown
};

// An ArrayBuffer that JavaScript never sees.
struct Sentinel {
  Environment* environment;
  uint8_t byte = 0;
};

namespace {

void Link(Exposure* exposure) {
  Environment* environment = exposure->environment;
  environment->holders++;
  exposure->older = environment->newest;
  if (exposure->older != nullptr) {
    exposure->older->newer = exposure;
  }
  environment->newest = exposure;
}

void Unlink(Exposure* exposure) {
  (exposure->newer != nullptr ? exposure->newer->older : exposure->environment->newest) = exposure->older;
  if (exposure->older != nullptr) {
    exposure->older->newer = exposure->newer;
  }
  exposure->newer = exposure->older = nullptr;
}

void Delete(Exposure* exposure) {
  Environment* environment = exposure->environment;
  delete exposure;
  environment->Release();
}

// Finalizers called at teardown look like any other; what tells them is that nothing may enter JavaScript any more.
bool CanRunJavaScript(napi_env env) {
  napi_value undefined = nullptr;
  bool equal = false;
  return napi_get_undefined(env, &undefined) == napi_ok &&
         napi_strict_equals(env, undefined, undefined, &equal) == napi_ok;
}

napi_value ObjectOf(napi_env env, const Exposure* exposure) {
  napi_value object = nullptr;
  if (exposure->object == nullptr || napi_get_reference_value(env, exposure->object, &object) != napi_ok) {
    return nullptr;
  }
  return object;
}

// Node finalizes the exposures of an ending environment newest first, each just after detaching it, whatever became
// of the backing store: it may have been moved to another thread. So the first to notice looks at all the others while
// they can still be told apart: an ArrayBuffer that is alive and attached has its store to itself.
// The memory of the rest, the first one included, stays mapped for good. In a worker the first is the sentinel.
void JudgeAll(napi_env env, Environment* environment, const Exposure* first) {
  environment->tearing_down = true;
  for (Exposure* other = environment->newest; other != nullptr; other = other->older) {
    bool detached = true;
    napi_value object = other == first ? nullptr : ObjectOf(env, other);
    if (object != nullptr && napi_is_detached_arraybuffer(env, object, &detached) == napi_ok) {
      other->unreachable = !detached;
    }
  }
}

void NoticeTeardown(napi_env env, Environment* environment, const Exposure* first) {
  if (environment->tearing_down || environment->gone) {
    return;
  }
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) {
    environment->tearing_down = true;
    return;
  }
  if (!CanRunJavaScript(env)) {
    JudgeAll(env, environment, first);
  }
  napi_close_handle_scope(env, scope);
}

void OnObjectDead(napi_env, void*, void* hint) {
  Exposure* exposure = static_cast<Exposure*>(hint);
  exposure->span->Release();
  Delete(exposure);
}

// True when the exposure is done with, false when its object is still alive and will say.
bool SettleFinalized(napi_env env, Exposure* exposure) {
  if (exposure->object == nullptr) {
    return true;
  }
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) {
    return false;
  }
  napi_value object = ObjectOf(env, exposure);
  bool waits = false;
  if (object != nullptr) {
    // Where the second finalizer cannot be had, the memory stays mapped: a leak of addresses rather than a crash.
    napi_add_finalizer(env, object, exposure, OnObjectDead, exposure, nullptr);
    waits = true;
  }
  napi_close_handle_scope(env, scope);
  napi_delete_reference(env, exposure->object);
  exposure->object = nullptr;
  return !waits;
}

// May run in any thread, at the same time as others, and may use nothing of Node-API.
void Defer(Exposure* exposure) {
  Environment* environment = exposure->environment;
  {
    const std::lock_guard<std::mutex> lock(environment->mutex);
    if (!environment->gone) {
      exposure->next_deferred = environment->deferred;
      environment->deferred = exposure;
      return;
    }
    Unlink(exposure);
  }
  Delete(exposure);
}

void OnStoreFinalized(napi_env env, void*, void* hint) {
  Exposure* exposure = static_cast<Exposure*>(hint);
  Environment* environment = exposure->environment;
  if (environment->defers_finalizers) {
    Defer(exposure);
    return;
  }
  if (environment->sentinel == nullptr) {
    NoticeTeardown(env, environment, exposure);
  }
  if (environment->tearing_down || environment->gone) {
    // Jobs of this environment may still be running; ReleaseExposures comes after them.
    if (environment->gone) {
      Unlink(exposure);
      Delete(exposure);
    }
    return;
  }
  Unlink(exposure);
  if (SettleFinalized(env, exposure)) {
    exposure->span->Release();
    Delete(exposure);
  }
}

void OnSentinelFinalized(napi_env env, void*, void* hint) {
  Sentinel* sentinel = static_cast<Sentinel*>(hint);
  Environment* environment = sentinel->environment;
  if (environment->sentinel == sentinel) {
    environment->sentinel = nullptr;
    NoticeTeardown(env, environment, nullptr);
  }
  delete sentinel;
  environment->Release();
}

// Being newer than every exposure, and of no use, the sentinel is the one whose state is lost at teardown. Held by a
// reference until a newer one takes its place, it also marks where teardown begins: a store whose finalizer is called
// before was really freed, however late the call. Only workers need it: with the main thread the process ends.
napi_status PlaceSentinel(napi_env env, Environment* environment) {
  Sentinel* sentinel = new (std::nothrow) Sentinel{environment};
  if (sentinel == nullptr) {
    return napi_generic_failure;
  }
  environment->holders++;
  napi_value object = nullptr;
  napi_ref reference = nullptr;
  napi_status status =
      napi_create_external_arraybuffer(env, &sentinel->byte, 1, OnSentinelFinalized, sentinel, &object);
  if (status == napi_ok) {
    status = napi_create_reference(env, object, 1, &reference);
  }
  if (status != napi_ok) {
    return status;  // its finalizer may or may not be called: a few bytes are left in a thread that is ending
  }
  if (environment->sentinel != nullptr) {
    napi_delete_reference(env, environment->sentinel_reference);
  }
  environment->sentinel = sentinel;
  environment->sentinel_reference = reference;
  return napi_ok;
}

}  // namespace

napi_status MakeArrayBuffer(Environment* environment, napi_env env, uint8_t* address, size_t size, Span* span,
                            napi_value* result) {
  Exposure* exposure = new (std::nothrow) Exposure{environment, span};
  if (exposure == nullptr) {
    span->Release();
    return napi_generic_failure;
  }
  SettleDeferred(environment, env);
  Link(exposure);
  napi_status status = napi_create_external_arraybuffer(env, address, size, OnStoreFinalized, exposure, result);
  if (status == napi_no_external_buffers_allowed) {
    Unlink(exposure);
    span->Release();
    Delete(exposure);
    return status;
  }
  // Any other failure may or may not have made something that will be finalized: worker.terminate() strikes anywhere.
  // The exposure stays in the list, for whoever comes first, its finalizer or ReleaseExposures.
  if (status == napi_ok) {
    status = napi_create_reference(env, *result, 0, &exposure->object);
  }
  if (status == napi_ok && !environment->is_main_thread && !environment->defers_finalizers) {
    status = PlaceSentinel(env, environment);
  }
  exposure->made = status == napi_ok;
  return status;
}

void SettleDeferred(Environment* environment, napi_env env) {
  if (!environment->defers_finalizers) {
    return;
  }
  Exposure* exposure = nullptr;
  {
    const std::lock_guard<std::mutex> lock(environment->mutex);
    exposure = environment->deferred;
    environment->deferred = nullptr;
  }
  while (exposure != nullptr) {
    Exposure* next = exposure->next_deferred;
    Unlink(exposure);
    if (SettleFinalized(env, exposure)) {
      exposure->span->Release();
      Delete(exposure);
    }
    exposure = next;
  }
}

void ReleaseExposures(Environment* environment) {
  const std::lock_guard<std::mutex> lock(environment->mutex);
  environment->gone = true;
  for (Exposure* exposure = environment->deferred; exposure != nullptr;) {
    // Nobody can say any more whether a job works on through the object, so the memory stays mapped.
    Exposure* next = exposure->next_deferred;
    Unlink(exposure);
    Delete(exposure);
    exposure = next;
  }
  for (Exposure* exposure = environment->newest; exposure != nullptr;) {
    Exposure* older = exposure->older;
    if (exposure->unreachable || !exposure->made) {
      exposure->span->Release();
    }
    if (environment->tearing_down) {
      Unlink(exposure);
      Delete(exposure);
    }
    exposure = older;
  }
}

}  // namespace offheap
