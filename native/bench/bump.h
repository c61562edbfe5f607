// The least that a bump allocator does, twice: with its code visible to the caller, and behind an interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace bench {

class Bump {
 public:
  Bump(uint8_t* begin, size_t capacity) : begin_(begin), capacity_(capacity) {}

  void* Allocate(size_t size, size_t align) {
    const size_t offset = (used_ + align - 1) & ~(align - 1);
    if (offset + size > capacity_) {
      return nullptr;
    }
    used_ = offset + size;
    return begin_ + offset;
  }

  void Reset() { used_ = 0; }

 private:
  uint8_t* const begin_;
  const size_t capacity_;
  size_t used_ = 0;
};

class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void* Allocate(size_t size, size_t align) = 0;
  virtual void Reset() = 0;
};

// In a file of its own, so that no compiler sees through the interface.
std::unique_ptr<Allocator> MakeBumpAllocator(uint8_t* begin, size_t capacity);

}  // namespace bench
