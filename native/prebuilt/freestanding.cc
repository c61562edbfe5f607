// What the addon takes from the C++ runtime library, so that it needs none: scripts/prebuild.mjs links it to no library
// at all, and one binary loads where libstdc++ is old, or is not, and on glibc and musl alike. What it takes from the C
// library is what both have, and the runtime has loaded that already.
#include <sched.h>
#include <stdlib.h>

#include <atomic>
#include <cstdint>
#include <new>

// The package is built without exceptions: where one would be thrown, the process ends, as it does with libstdc++.

void* operator new(size_t size) {
  void* memory = malloc(size > 0 ? size : 1);
  if (memory == nullptr) {
    abort();
  }
  return memory;
}

void* operator new[](size_t size) {
  return operator new(size);
}

void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return malloc(size > 0 ? size : 1);
}

void operator delete(void* memory) noexcept {
  free(memory);
}

void operator delete(void* memory, size_t) noexcept {
  free(memory);
}

void operator delete[](void* memory) noexcept {
  free(memory);
}

void operator delete[](void* memory, size_t) noexcept {
  free(memory);
}

void operator delete(void* memory, const std::nothrow_t&) noexcept {
  free(memory);
}

namespace std {

const nothrow_t nothrow{};

void __throw_length_error(const char*) {
  abort();
}

void __throw_logic_error(const char*) {
  abort();
}

void __throw_system_error(int) {
  abort();
}

}  // namespace std

extern "C" {

void __cxa_pure_virtual() {
  abort();
}

// The first byte of the guard is 1 as soon as the static local is there, as compiled code expects; the others are ours.
// https://itanium-cxx-abi.github.io/cxx-abi/abi.html#once-ctor
using Guard = std::atomic<uint8_t>;

int __cxa_guard_acquire(uint64_t* guard) {
  Guard* const done = reinterpret_cast<Guard*>(guard);
  Guard* const busy = done + 1;
  // Whoever is there first takes microseconds, once in the life of the process.
  while (done->load(std::memory_order_acquire) == 0) {
    if (busy->exchange(1, std::memory_order_acquire) == 0) {
      if (done->load(std::memory_order_acquire) == 0) {
        return 1;
      }
      busy->store(0, std::memory_order_release);
    }
    sched_yield();
  }
  return 0;
}

void __cxa_guard_release(uint64_t* guard) {
  Guard* const done = reinterpret_cast<Guard*>(guard);
  done->store(1, std::memory_order_release);
  (done + 1)->store(0, std::memory_order_release);
}

}  // extern "C"
