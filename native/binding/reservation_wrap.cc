#include "reservation_wrap.h"

#include <errno.h>

#include "array_buffer.h"

namespace offheap {

namespace {

// Tells our objects from those that another addon has wrapped, whose pointer would be taken for ours.
const napi_type_tag kTypeTag = {0x6f66666865617000, 0x7265736572766500};

constexpr double kMaxInteger = 9007199254740992;  // 2^53

Napi::Value Answer(const Napi::CallbackInfo& info, double number) {
  return Napi::Number::New(info.Env(), number);
}

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

Napi::Function ReservationWrap::Define(Napi::Env env) {
  const Napi::Function constructor = DefineClass(env, "Reservation", {});
  const Napi::Value value = constructor.IsEmpty() ? Napi::Value() : constructor.Get("prototype");
  if (value.IsEmpty()) {
    return Napi::Function();  // the thread is being terminated; what is empty must not be used, not even to fail
  }
  Napi::Object prototype = value.As<Napi::Object>();
  // Plain functions and not InstanceMethods, which would unwrap whatever receiver they are called with.
  prototype.Set("commit", Napi::Function::New<Commit>(env, "commit"));
  prototype.Set("expose", Napi::Function::New<Expose>(env, "expose"));
  prototype.Set("renew", Napi::Function::New<Renew>(env, "renew"));
  prototype.Set("committed", Napi::Function::New<Committed>(env, "committed"));
  prototype.Set("discard", Napi::Function::New<Discard>(env, "discard"));
  prototype.Set("resident", Napi::Function::New<Resident>(env, "resident"));
  prototype.Set("dispose", Napi::Function::New<Dispose>(env, "dispose"));
  return constructor;
}

ReservationWrap::ReservationWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ReservationWrap>(info) {
  napi_type_tag_object(info.Env(), info.This(), &kTypeTag);
}

ReservationWrap::~ReservationWrap() {
  delete reservation_;
}

ReservationWrap* ReservationWrap::Of(const Napi::Value& value) {
  bool ours = false;
  if (!value.IsObject() || napi_check_object_type_tag(value.Env(), value, &kTypeTag, &ours) != napi_ok || !ours) {
    return nullptr;
  }
  void* wrap = nullptr;
  return napi_unwrap(value.Env(), value, &wrap) == napi_ok ? static_cast<ReservationWrap*>(wrap) : nullptr;
}

Reservation* ReservationWrap::Receiver(const Napi::CallbackInfo& info) {
  const ReservationWrap* wrap = Of(info.This());
  return wrap == nullptr ? nullptr : wrap->reservation_;
}

Napi::Value ReservationWrap::Reserve(const Napi::CallbackInfo& info) {
  size_t capacity = 0;
  size_t kind = 0;
  Environment* environment = Environment::Of(info.Env());
  if (environment == nullptr || environment->reservation_class.IsEmpty() || !ReadSize(info[0], &capacity) ||
      !ReadSize(info[1], &kind) || kind >= static_cast<size_t>(Kind::kCount)) {
    return Answer(info, EINVAL);
  }
  const Napi::Object object = environment->reservation_class.New({});
  ReservationWrap* wrap = object.IsEmpty() ? nullptr : Of(object);
  if (wrap == nullptr) {
    return Answer(info, EINVAL);  // the thread is being terminated
  }
  const vm::Error error = Reservation::Create(capacity, static_cast<Kind>(kind), &wrap->reservation_);
  return error == 0 ? Napi::Value(object) : Answer(info, error);
}

Napi::Value ReservationWrap::Commit(const Napi::CallbackInfo& info) {
  Reservation* reservation = Receiver(info);
  size_t size = 0;
  return Answer(info, reservation == nullptr || !ReadSize(info[0], &size) ? EINVAL : reservation->Commit(size));
}

Napi::Value ReservationWrap::Expose(const Napi::CallbackInfo& info) {
  Reservation* reservation = Receiver(info);
  Environment* environment = Environment::Of(info.Env());
  size_t size = 0;
  if (reservation == nullptr || environment == nullptr || !ReadSize(info[0], &size)) {
    return Answer(info, EINVAL);
  }
  uint8_t* address = nullptr;
  Span* span = nullptr;
  if (const vm::Error error = reservation->Expose(size, &address, &span)) {
    return Answer(info, error);
  }
  napi_value buffer = nullptr;
  const napi_status status = MakeArrayBuffer(environment, info.Env(), address, size, span, &buffer);
  return status == napi_ok ? Napi::Value(info.Env(), buffer) : Answer(info, -static_cast<double>(status));
}

Napi::Value ReservationWrap::Renew(const Napi::CallbackInfo& info) {
  Reservation* reservation = Receiver(info);
  return Answer(info, reservation == nullptr ? EINVAL : reservation->Renew());
}

Napi::Value ReservationWrap::Committed(const Napi::CallbackInfo& info) {
  const Reservation* reservation = Receiver(info);
  return Answer(info, reservation == nullptr ? -EINVAL : static_cast<double>(reservation->committed()));
}

Napi::Value ReservationWrap::Discard(const Napi::CallbackInfo& info) {
  Reservation* reservation = Receiver(info);
  size_t from = 0;
  size_t to = 0;
  const bool valid = reservation != nullptr && ReadSize(info[0], &from) && ReadSize(info[1], &to);
  return Answer(info, valid ? reservation->Discard(from, to) : EINVAL);
}

Napi::Value ReservationWrap::Resident(const Napi::CallbackInfo& info) {
  const Reservation* reservation = Receiver(info);
  size_t bytes = 0;
  const vm::Error error = reservation == nullptr ? EINVAL : reservation->Resident(&bytes);
  return Answer(info, error == 0 ? static_cast<double>(bytes) : -static_cast<double>(error));
}

Napi::Value ReservationWrap::Dispose(const Napi::CallbackInfo& info) {
  ReservationWrap* wrap = Of(info.This());
  if (wrap == nullptr || wrap->reservation_ == nullptr) {
    return Answer(info, EINVAL);
  }
  wrap->reservation_->Dispose();
  delete wrap->reservation_;
  wrap->reservation_ = nullptr;
  return Answer(info, 0);
}

}  // namespace offheap
