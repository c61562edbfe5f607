// What the JavaScript classes over the two kinds of reservation have in common. Their methods answer with 0 or an errno
// number and never throw: an Error made here would not be `instanceof Error` in another realm. Arguments of the wrong
// kind, and a receiver that is not of the class, are EINVAL.
#pragma once

#include <errno.h>
#include <napi.h>

#include "array_buffer.h"

namespace offheap {

// A whole number from 0 to 2^53; false for anything else.
bool ReadSize(const Napi::Value& value, size_t* size);

Napi::Value Answer(const Napi::CallbackInfo& info, double number);

// An ArrayBuffer over what was exposed, or minus a napi_status.
Napi::Value AnswerBuffer(const Napi::CallbackInfo& info, Environment* environment, uint8_t* address, size_t size,
                         Span* span);

// T is Reservation or SharedReservation; the files of their classes define what is declared here for each.
template <typename T>
class Wrap : public Napi::ObjectWrap<Wrap<T>> {
 public:
  // Empty when the thread is being terminated; what is empty must not be used, not even to fail.
  static Napi::Function Define(Napi::Env env);

  // Called by `New`; whoever else calls the constructor gets an object whose methods answer EINVAL.
  explicit Wrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Wrap<T>>(info) {
    napi_type_tag_object(info.Env(), info.This(), &kTypeTag);
  }

  ~Wrap() override {
    if (memory != nullptr) {
      Drop(memory);
    }
  }

  // An object of the class that has no memory yet; null when the thread is being terminated.
  static Wrap* New(const Napi::FunctionReference& constructor, Napi::Object* object) {
    if (constructor.IsEmpty()) {
      return nullptr;
    }
    *object = constructor.New({});
    return object->IsEmpty() ? nullptr : Of(*object);
  }

  // With the methods that both classes have.
  static Napi::Function DefineWith(Napi::Env env, const char* name, Napi::Object* prototype) {
    const Napi::Function constructor = Wrap::DefineClass(env, name, {});
    const Napi::Value value = constructor.IsEmpty() ? Napi::Value() : constructor.Get("prototype");
    if (value.IsEmpty()) {
      return Napi::Function();
    }
    *prototype = value.As<Napi::Object>();
    // Plain functions and not InstanceMethods, which would unwrap whatever receiver they are called with.
    prototype->Set("commit", Napi::Function::New<Commit>(env, "commit"));
    prototype->Set("expose", Napi::Function::New<Expose>(env, "expose"));
    prototype->Set("exposePart", Napi::Function::New<ExposePart>(env, "exposePart"));
    prototype->Set("resident", Napi::Function::New<Resident>(env, "resident"));
    return constructor;
  }

  static Wrap* Of(const Napi::Value& value) {
    bool ours = false;
    if (!value.IsObject() || napi_check_object_type_tag(value.Env(), value, &kTypeTag, &ours) != napi_ok || !ours) {
      return nullptr;
    }
    void* wrap = nullptr;
    return napi_unwrap(value.Env(), value, &wrap) == napi_ok ? static_cast<Wrap*>(wrap) : nullptr;
  }

  static T* Receiver(const Napi::CallbackInfo& info) {
    const Wrap* wrap = Of(info.This());
    return wrap == nullptr ? nullptr : wrap->memory;
  }

  // (size)
  static Napi::Value Commit(const Napi::CallbackInfo& info) {
    T* memory = Receiver(info);
    size_t size = 0;
    return Answer(info, memory == nullptr || !ReadSize(info[0], &size) ? EINVAL : memory->Commit(size));
  }

  // (size): ArrayBuffer, errno, or minus a napi_status
  static Napi::Value Expose(const Napi::CallbackInfo& info) {
    T* memory = Receiver(info);
    Environment* environment = Environment::Of(info.Env());
    size_t size = 0;
    if (memory == nullptr || environment == nullptr || !ReadSize(info[0], &size)) {
      return Answer(info, EINVAL);
    }
    uint8_t* address = nullptr;
    Span* span = nullptr;
    if (const vm::Error error = memory->Expose(size, &address, &span)) {
      return Answer(info, error);
    }
    return AnswerBuffer(info, environment, address, size, span);
  }

  // (from, to): the same
  static Napi::Value ExposePart(const Napi::CallbackInfo& info) {
    T* memory = Receiver(info);
    Environment* environment = Environment::Of(info.Env());
    size_t from = 0;
    size_t to = 0;
    if (memory == nullptr || environment == nullptr || !ReadSize(info[0], &from) || !ReadSize(info[1], &to)) {
      return Answer(info, EINVAL);
    }
    uint8_t* address = nullptr;
    Span* span = nullptr;
    if (const vm::Error error = memory->ExposePart(from, to, &address, &span)) {
      return Answer(info, error);
    }
    return AnswerBuffer(info, environment, address, to - from, span);
  }

  // (): bytes, or minus an errno
  static Napi::Value Resident(const Napi::CallbackInfo& info) {
    T* memory = Receiver(info);
    size_t bytes = 0;
    const vm::Error error = memory == nullptr ? EINVAL : memory->Resident(&bytes);
    return Answer(info, error == 0 ? static_cast<double>(bytes) : -static_cast<double>(error));
  }

  T* memory = nullptr;

 private:
  static void Drop(T* memory);

  // Tells our objects from those that another addon has wrapped, whose pointer would be taken for ours.
  static const napi_type_tag kTypeTag;
};

}  // namespace offheap
