#include "environment.h"

#include <new>

#include "array_buffer.h"

namespace offheap {

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
  return environment;
}

void Environment::Release() {
  if (--holders == 0) {
    delete this;
  }
}

}  // namespace offheap
