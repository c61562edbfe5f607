// The JavaScript class over SharedReservation: what one thread holds of it.
#pragma once

#include "../shared_reservation.h"
#include "wrap.h"

namespace offheap {

template <>
Napi::Function Wrap<SharedReservation>::Define(Napi::Env env);
template <>
void Wrap<SharedReservation>::Drop(SharedReservation* memory);
template <>
const napi_type_tag Wrap<SharedReservation>::kTypeTag;

class SharedWrap : public Wrap<SharedReservation> {
 public:
  // share(key, capacity): a new one, or an errno number.
  static Napi::Value Share(const Napi::CallbackInfo& info);
  // attach(key): the one with this key, or ENOENT.
  static Napi::Value Attach(const Napi::CallbackInfo& info);

  static Napi::Value Capacity(const Napi::CallbackInfo& info);  // (): bytes, or minus an errno
  static Napi::Value Reserve(const Napi::CallbackInfo& info);   // ()
  static Napi::Value Taken(const Napi::CallbackInfo& info);     // (): bytes, or minus an errno
  static Napi::Value Take(const Napi::CallbackInfo& info);      // (from, to): 0, or EAGAIN
};

}  // namespace offheap
