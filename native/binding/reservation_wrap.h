// The JavaScript class over Reservation. Its methods answer with 0 or an errno number and never throw: an Error made
// here would not be `instanceof Error` in another realm. Arguments of the wrong kind, and a receiver that is not a
// reservation, are EINVAL.
#pragma once

#include <napi.h>

#include "../reservation.h"

namespace offheap {

class ReservationWrap : public Napi::ObjectWrap<ReservationWrap> {
 public:
  static Napi::Function Define(Napi::Env env);

  // reserve(capacity, kind): a reservation, or an errno number.
  static Napi::Value Reserve(const Napi::CallbackInfo& info);

  // Called by `reserve`; whoever else calls the constructor gets an object whose methods answer EINVAL.
  explicit ReservationWrap(const Napi::CallbackInfo& info);
  ~ReservationWrap() override;

 private:
  static ReservationWrap* Of(const Napi::Value& value);
  static Reservation* Receiver(const Napi::CallbackInfo& info);

  static Napi::Value Commit(const Napi::CallbackInfo& info);     // (size)
  static Napi::Value Expose(const Napi::CallbackInfo& info);     // (size): ArrayBuffer, errno, or minus a napi_status
  static Napi::Value Renew(const Napi::CallbackInfo& info);      // ()
  static Napi::Value Committed(const Napi::CallbackInfo& info);  // (): bytes, or minus an errno
  static Napi::Value Discard(const Napi::CallbackInfo& info);    // (from, to)
  static Napi::Value Resident(const Napi::CallbackInfo& info);   // (): bytes, or minus an errno
  static Napi::Value Dispose(const Napi::CallbackInfo& info);    // ()

  Reservation* reservation_ = nullptr;
};

// A whole number from 0 to 2^53; false for anything else.
bool ReadSize(const Napi::Value& value, size_t* size);

}  // namespace offheap
