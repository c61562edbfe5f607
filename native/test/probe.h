// What the tests see of their own process without asking the code they test.
#pragma once

#include <cstddef>
#include <cstdint>

namespace offheap {
namespace probe {

enum class Access { kUnmapped, kNone, kReadWrite, kOther };

// What may be done at an address.
Access AccessAt(const void* address);

// Whether the whole range may be accessed in this one way.
bool HasAccess(const void* address, size_t size, Access access);

// Mappings of the whole process, and those that lie in a range, wholly or in part.
size_t CountMappings();
size_t CountMappings(const void* address, size_t size);

// Bytes of addresses that the process has mapped.
size_t CountAddresses();

// Bytes of a range behind which there are huge pages.
size_t HugeBytes(const void* address, size_t size);

// Whether the system gives huge pages where they are asked for, and only there.
bool GivesHugePagesWhenAsked();

// Writes to every page of a range and tells how many were missing.
size_t FaultsAtTouch(uint8_t* address, size_t size);

// Under valgrind or a sanitizer the process has memory of the tool's own, which counts and would not survive a limit.
bool RunsUnderTool();
bool RunsUnderValgrind();

// While it lives, the system refuses this process more of something.
class Limit {
 public:
  enum class Of {
    kAddresses,  // reserving fails
    kMemory,     // committing, and moving committed pages, fails
    kSplits,     // whatever makes one mapping two fails
    kMappings,   // and so does every new one
  };

  explicit Limit(Of what);
  ~Limit();

  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  void UseUpMappings();

  const Of what_;
  const size_t page_;
  uint64_t before_ = 0;
  void* used_up_ = nullptr;
  void* one_more_ = nullptr;
};

}  // namespace probe
}  // namespace offheap
