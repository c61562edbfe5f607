#include "wrap.h"

namespace offheap {

namespace {

constexpr double kMaxInteger = 9007199254740992;  // 2^53

}  // namespace

bool ReadSize(const Napi::Value& value, size_t* size) {
  double number = 0;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok || !(number >= 0 && number <= kMaxInteger) ||
      number > static_cast<double>(SIZE_MAX)) {
    return false;
  }
  *size = static_cast<size_t>(number);
  return static_cast<double>(*size) == number;
}

Napi::Value Answer(const Napi::CallbackInfo& info, double number) {
  return Napi::Number::New(info.Env(), number);
}

Napi::Value AnswerBuffer(const Napi::CallbackInfo& info, Environment* environment, uint8_t* address, size_t size,
                         Span* span) {
  napi_value buffer = nullptr;
  const napi_status status = MakeArrayBuffer(environment, info.Env(), address, size, span, &buffer);
  return status == napi_ok ? Napi::Value(info.Env(), buffer) : Answer(info, -static_cast<double>(status));
}

}  // namespace offheap
