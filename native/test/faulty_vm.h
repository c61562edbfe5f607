// Included before everything else, makes an addon whose system refuses memory by chance, as told:
// scripts/test-random.mjs. How often, of 1000 calls, is the first number of the file that OFFHEAP_FAULTS names; the
// second seeds what is refused, and the third counts it. All threads see the same file, at once. vm_posix.cc is the
// only file that makes these calls.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

namespace offheap_faults {

struct Faults {
  uint32_t permille;
  uint32_t state;
  uint32_t count;
};

inline Faults* Open() {
  const char* name = getenv("OFFHEAP_FAULTS");
  const int file = name == nullptr ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) {
    return nullptr;
  }
  void* shared = mmap(nullptr, sizeof(Faults), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return shared == MAP_FAILED ? nullptr : static_cast<Faults*>(shared);
}

inline bool Refuses() {
  static Faults* const faults = Open();
  if (faults == nullptr) {
    return false;
  }
  // The finalizer of MurmurHash3, over a counter.
  uint32_t bits = __atomic_add_fetch(&faults->state, 0x9e3779b9, __ATOMIC_RELAXED);
  bits = (bits ^ (bits >> 16)) * 0x85ebca6b;
  bits = (bits ^ (bits >> 13)) * 0xc2b2ae35;
  bits ^= bits >> 16;
  if (bits % 1000 >= __atomic_load_n(&faults->permille, __ATOMIC_RELAXED)) {
    return false;
  }
  __atomic_add_fetch(&faults->count, 1, __ATOMIC_RELAXED);
  errno = ENOMEM;
  return true;
}

inline void* Map(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  return Refuses() ? MAP_FAILED : mmap(address, size, protection, flags, file, offset);
}

inline int Protect(void* address, size_t size, int protection) {
  return Refuses() ? -1 : mprotect(address, size, protection);
}

// The kernel has unmapped the target before it refuses for want of memory.
inline void* Remap(void* source, size_t size, size_t new_size, int flags, void* target) {
  if (Refuses()) {
    munmap(target, new_size);
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return mremap(source, size, new_size, flags, target);
}

}  // namespace offheap_faults

#define mmap offheap_faults::Map
#define mprotect offheap_faults::Protect
#define mremap offheap_faults::Remap
