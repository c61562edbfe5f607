#include "shared_wrap.h"

namespace offheap {

namespace {

bool ReadKey(const Napi::Value& value, Key* key) {
  char text[Key::kLength + 2];  // one more than there may be, and the end of the string
  size_t length = 0;
  if (napi_get_value_string_latin1(value.Env(), value, text, sizeof(text), &length) != napi_ok ||
      length != Key::kLength) {
    return false;
  }
  for (size_t i = 0; i < length; i++) {
    key->text[i] = text[i];
  }
  return true;
}

}  // namespace

template <>
const napi_type_tag Wrap<SharedReservation>::kTypeTag = {0x6f66666865617000, 0x7368617265640000};

template <>
void Wrap<SharedReservation>::Drop(SharedReservation* shared) {
  shared->Release();
}

template <>
Napi::Function Wrap<SharedReservation>::Define(Napi::Env env) {
  Napi::Object prototype;
  const Napi::Function constructor = DefineWith(env, "SharedReservation", &prototype);
  if (!constructor.IsEmpty()) {
    prototype.Set("capacity", Napi::Function::New<SharedWrap::Capacity>(env, "capacity"));
    prototype.Set("reserve", Napi::Function::New<SharedWrap::Reserve>(env, "reserve"));
    prototype.Set("taken", Napi::Function::New<SharedWrap::Taken>(env, "taken"));
    prototype.Set("take", Napi::Function::New<SharedWrap::Take>(env, "take"));
  }
  return constructor;
}

Napi::Value SharedWrap::Share(const Napi::CallbackInfo& info) {
  Key key;
  size_t capacity = 0;
  Environment* environment = Environment::Of(info.Env());
  if (environment == nullptr || !ReadKey(info[0], &key) || !ReadSize(info[1], &capacity)) {
    return Answer(info, EINVAL);
  }
  Napi::Object object;
  Wrap* wrap = New(environment->shared_class, &object);
  if (wrap == nullptr) {
    return Answer(info, EINVAL);
  }
  const vm::Error error = SharedReservation::Create(key, capacity, &wrap->memory);
  return error == 0 ? Napi::Value(object) : Answer(info, error);
}

Napi::Value SharedWrap::Attach(const Napi::CallbackInfo& info) {
  Key key;
  Environment* environment = Environment::Of(info.Env());
  if (environment == nullptr || !ReadKey(info[0], &key)) {
    return Answer(info, EINVAL);
  }
  Napi::Object object;
  Wrap* wrap = New(environment->shared_class, &object);
  if (wrap == nullptr) {
    return Answer(info, EINVAL);
  }
  wrap->memory = SharedReservation::Find(key);
  return wrap->memory != nullptr ? Napi::Value(object) : Answer(info, ENOENT);
}

Napi::Value SharedWrap::Capacity(const Napi::CallbackInfo& info) {
  const SharedReservation* shared = Receiver(info);
  return Answer(info, shared == nullptr ? -EINVAL : static_cast<double>(shared->capacity()));
}

Napi::Value SharedWrap::Reserve(const Napi::CallbackInfo& info) {
  SharedReservation* shared = Receiver(info);
  return Answer(info, shared == nullptr ? EINVAL : shared->Reserve());
}

Napi::Value SharedWrap::Taken(const Napi::CallbackInfo& info) {
  const SharedReservation* shared = Receiver(info);
  return Answer(info, shared == nullptr ? -EINVAL : static_cast<double>(shared->taken()));
}

Napi::Value SharedWrap::Take(const Napi::CallbackInfo& info) {
  SharedReservation* shared = Receiver(info);
  size_t from = 0;
  size_t to = 0;
  if (shared == nullptr || !ReadSize(info[0], &from) || !ReadSize(info[1], &to)) {
    return Answer(info, EINVAL);
  }
  return Answer(info, shared->Take(from, to) ? 0 : EAGAIN);
}

}  // namespace offheap
