// What the addon keeps for one environment: the main thread's or a worker's, and once for each time it is loaded there.
#pragma once

#include <napi.h>

#include <atomic>
#include <mutex>

namespace offheap {

struct Exposure;
struct Sentinel;

// Held by the environment and by every exposure made in it, since runtimes differ in which of them goes first.
struct Environment {
  Napi::FunctionReference reservation_class;
  Napi::FunctionReference shared_class;
  Exposure* newest = nullptr;    // of the exposures whose backing store was not finalized yet
  Sentinel* sentinel = nullptr;  // null where there is none, as on the main thread
  napi_ref sentinel_reference = nullptr;
  std::atomic<size_t> holders{1};
  bool is_main_thread = false;
  // Finalizers may not use Node-API, nor take it that they are in the environment's own thread.
  bool defers_finalizers = false;
  bool tearing_down = false;
  bool gone = false;

  // Where finalizers are deferred: guards what they share with the environment's own thread.
  std::mutex mutex;
  Exposure* deferred = nullptr;

  static Environment* Of(napi_env env);
  static Environment* Create(Napi::Env env);
  void Release();
};

}  // namespace offheap
