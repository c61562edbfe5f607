#include "bump.h"

namespace bench {
namespace {

class BumpAllocator final : public Allocator {
 public:
  BumpAllocator(uint8_t* begin, size_t capacity) : bump_(begin, capacity) {}

  void* Allocate(size_t size, size_t align) override { return bump_.Allocate(size, align); }
  void Reset() override { bump_.Reset(); }

 private:
  Bump bump_;
};

}  // namespace

std::unique_ptr<Allocator> MakeBumpAllocator(uint8_t* begin, size_t capacity) {
  return std::make_unique<BumpAllocator>(begin, capacity);
}

}  // namespace bench
