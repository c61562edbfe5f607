// The JavaScript class over Reservation.
#pragma once

#include "../reservation.h"
#include "wrap.h"

namespace offheap {

template <>
Napi::Function Wrap<Reservation>::Define(Napi::Env env);
template <>
void Wrap<Reservation>::Drop(Reservation* memory);
template <>
const napi_type_tag Wrap<Reservation>::kTypeTag;

class ReservationWrap : public Wrap<Reservation> {
 public:
  // reserve(capacity, kind): a reservation, or an errno number.
  static Napi::Value Reserve(const Napi::CallbackInfo& info);

  static Napi::Value Renew(const Napi::CallbackInfo& info);      // ()
  static Napi::Value Committed(const Napi::CallbackInfo& info);  // (): bytes, or minus an errno
  static Napi::Value Discard(const Napi::CallbackInfo& info);    // (from, to)
  static Napi::Value Dispose(const Napi::CallbackInfo& info);    // ()
};

}  // namespace offheap
