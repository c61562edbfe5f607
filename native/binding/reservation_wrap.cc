#include "reservation_wrap.h"

namespace offheap {

template <>
const napi_type_tag Wrap<Reservation>::kTypeTag = {0x6f66666865617000, 0x7265736572766500};

template <>
void Wrap<Reservation>::Drop(Reservation* reservation) {
  delete reservation;
}

template <>
Napi::Function Wrap<Reservation>::Define(Napi::Env env) {
  Napi::Object prototype;
  const Napi::Function constructor = DefineWith(env, "Reservation", &prototype);
  if (!constructor.IsEmpty()) {
    prototype.Set("renew", Napi::Function::New<ReservationWrap::Renew>(env, "renew"));
    prototype.Set("committed", Napi::Function::New<ReservationWrap::Committed>(env, "committed"));
    prototype.Set("discard", Napi::Function::New<ReservationWrap::Discard>(env, "discard"));
    prototype.Set("dispose", Napi::Function::New<ReservationWrap::Dispose>(env, "dispose"));
  }
  return constructor;
}

Napi::Value ReservationWrap::Reserve(const Napi::CallbackInfo& info) {
  size_t capacity = 0;
  size_t kind = 0;
  Environment* environment = Environment::Of(info.Env());
  if (environment == nullptr || !ReadSize(info[0], &capacity) || !ReadSize(info[1], &kind) ||
      kind >= static_cast<size_t>(Kind::kCount)) {
    return Answer(info, EINVAL);
  }
  SettleDeferred(environment, info.Env());
  Napi::Object object;
  Wrap* wrap = New(environment->reservation_class, &object);
  if (wrap == nullptr) {
    return Answer(info, EINVAL);
  }
  const vm::Error error = Reservation::Create(capacity, static_cast<Kind>(kind), &wrap->memory);
  return error == 0 ? Napi::Value(object) : Answer(info, error);
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

Napi::Value ReservationWrap::Dispose(const Napi::CallbackInfo& info) {
  Wrap* wrap = Of(info.This());
  if (wrap == nullptr || wrap->memory == nullptr) {
    return Answer(info, EINVAL);
  }
  wrap->memory->Dispose();
  delete wrap->memory;
  wrap->memory = nullptr;
  return Answer(info, 0);
}

}  // namespace offheap
