#include "environment.h"

#include <new>

#include "array_buffer.h"

namespace offheap {

namespace {

// Node waits with finalizers for a turn of the event loop. Bun calls them in the middle of a garbage collection, Deno
// by whatever thread sweeps. A program that hides what it runs in loses only that they are prompt.
bool CallsFinalizersAnytime(napi_env env) {
  napi_value object = nullptr;
  bool is_bun = true;
  bool is_deno = true;
  const bool known = napi_get_global(env, &object) == napi_ok &&
                     napi_get_named_property(env, object, "process", &object) == napi_ok &&
                     napi_get_named_property(env, object, "versions", &object) == napi_ok &&
                     napi_has_named_property(env, object, "bun", &is_bun) == napi_ok &&
                     napi_has_named_property(env, object, "deno", &is_deno) == napi_ok;
  napi_value exception = nullptr;
  napi_get_and_clear_last_exception(env, &exception);
  return !known || is_bun || is_deno;
}

}  // namespace

Environment* Environment::Of(napi_env env) {
  void* data = nullptr;
  return napi_get_instance_data(env, &data) == napi_ok ? static_cast<Environment*>(data) : nullptr;
}

Environment* Environment::Create(Napi::Env env) {
  Environment* environment = new (std::nothrow) Environment();
  if (environment == nullptr) {
    return nullptr;
  }
  const napi_status status = napi_set_instance_data(
      env, environment,
      [](napi_env, void* data, void*) {
        Environment* ending = static_cast<Environment*>(data);
        ReleaseExposures(ending);
        // The environment takes its references along, so that they need not, and could not, be deleted later.
        ending->reservation_class.SuppressDestruct();
        ending->shared_class.SuppressDestruct();
        ending->Release();
      },
      nullptr);
  if (status != napi_ok) {
    environment->Release();
    return nullptr;
  }
  environment->defers_finalizers = CallsFinalizersAnytime(env);
  return environment;
}

void Environment::Release() {
  if (--holders == 0) {
    delete this;
  }
}

}  // namespace offheap
