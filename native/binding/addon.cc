// The module: what lib/native/contract.ts describes.
#include <napi.h>

#include <limits>

#include "array_buffer.h"
#include "environment.h"
#include "reservation_wrap.h"
#include "shared_wrap.h"

namespace offheap {

namespace {

Napi::Value DescribeSystem(Napi::Env env) {
  const vm::Facts& facts = vm::facts();
  Napi::Object object = Napi::Object::New(env);
  object.Set("pageSize", static_cast<double>(facts.page_size));
  object.Set("hugePageSize", static_cast<double>(facts.huge_page_size));
  object.Set("maxMappings", static_cast<double>(MaxMappings()));
  object.Set("discardZeroes", facts.discard_zeroes);
  object.Set("canMove", facts.can_move);
  return object;
}

void Settle(const Napi::CallbackInfo& info) {
  if (Environment* environment = Environment::Of(info.Env())) {
    SettleDeferred(environment, info.Env());
  }
}

// usage(kind): [reserved, committed, resident, retired] of the process, or undefined for an unknown kind.
Napi::Value ReadUsage(const Napi::CallbackInfo& info) {
  Settle(info);
  size_t kind = 0;
  if (!ReadSize(info[0], &kind) || kind >= static_cast<size_t>(Kind::kCount)) {
    return info.Env().Undefined();
  }
  const Usage usage = MeasureUsage(static_cast<Kind>(kind));
  Napi::Array array = Napi::Array::New(info.Env(), 4);
  const size_t values[] = {usage.reserved, usage.committed, usage.resident, usage.retired};
  for (uint32_t i = 0; i < 4; i++) {
    array[i] = static_cast<double>(values[i]);
  }
  return array;
}

// charged(): [what counts against the limit, the limit]; Infinity for no limit.
Napi::Value ReadCharged(const Napi::CallbackInfo& info) {
  Settle(info);
  const size_t limit = MemoryLimit();
  Napi::Array array = Napi::Array::New(info.Env(), 2);
  array[0u] = static_cast<double>(ChargedBytes());
  array[1u] = limit == SIZE_MAX ? std::numeric_limits<double>::infinity() : static_cast<double>(limit);
  return array;
}

// setLimit(bytes, isDefault): what is more than a size can be, such as Infinity, is no limit.
Napi::Value SetLimit(const Napi::CallbackInfo& info) {
  double number = 0;
  if (napi_get_value_double(info.Env(), info[0], &number) != napi_ok || !(number >= 0) || !info[1].IsBoolean()) {
    return Answer(info, EINVAL);
  }
  size_t bytes = SIZE_MAX;
  ReadSize(info[0], &bytes);
  (info[1].As<Napi::Boolean>() ? SetDefaultMemoryLimit : SetMemoryLimit)(bytes);
  return Answer(info, 0);
}

// mappings(): how many of them the process holds through this package.
Napi::Value ReadMappings(const Napi::CallbackInfo& info) {
  Settle(info);
  return Napi::Number::New(info.Env(), static_cast<double>(CountMappings()));
}

// setMainThread(): this environment ends only with the process.
void SetMainThread(const Napi::CallbackInfo& info) {
  if (Environment* environment = Environment::Of(info.Env())) {
    environment->is_main_thread = true;
  }
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Environment* environment = Environment::Create(env);
  if (environment == nullptr) {
    return exports;
  }
  environment->reservation_class = Napi::Persistent(ReservationWrap::Define(env));
  environment->shared_class = Napi::Persistent(SharedWrap::Define(env));
  exports.Set("system", DescribeSystem(env));
  exports.Set("reserve", Napi::Function::New<ReservationWrap::Reserve>(env, "reserve"));
  exports.Set("share", Napi::Function::New<SharedWrap::Share>(env, "share"));
  exports.Set("attach", Napi::Function::New<SharedWrap::Attach>(env, "attach"));
  exports.Set("usage", Napi::Function::New<ReadUsage>(env, "usage"));
  exports.Set("charged", Napi::Function::New<ReadCharged>(env, "charged"));
  exports.Set("setLimit", Napi::Function::New<SetLimit>(env, "setLimit"));
  exports.Set("mappings", Napi::Function::New<ReadMappings>(env, "mappings"));
  exports.Set("setMainThread", Napi::Function::New<SetMainThread>(env, "setMainThread"));
  return exports;
}

}  // namespace

}  // namespace offheap

static Napi::Object InitModule(Napi::Env env, Napi::Object exports) {
  return offheap::Init(env, exports);
}

NODE_API_MODULE(offheap, InitModule)
