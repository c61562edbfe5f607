#include "vm/vm.h"

#include <errno.h>

#include <cstring>

#include "probe.h"
#include "test.h"

namespace offheap {
namespace vm {
namespace {

using probe::Access;

const size_t kPage = facts().page_size;

bool IsAll(const uint8_t* bytes, size_t size, uint8_t value) {
  return size == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0);
}

uint8_t* Reserve(size_t pages) {
  uint8_t* address = nullptr;
  CHECK_EQUAL(reserve(pages * kPage, &address), 0);
  return address;
}

uint8_t* ReserveAndCommit(size_t pages) {
  uint8_t* address = Reserve(pages);
  CHECK_EQUAL(commit(address, pages * kPage), 0);
  return address;
}

size_t ResidentBytes(const uint8_t* address, size_t size) {
  size_t bytes = SIZE_MAX;
  CHECK_EQUAL(resident(address, size, &bytes), 0);
  return bytes;
}

TEST("the sizes among the facts are powers of two and multiples of each other") {
  CHECK(kPage >= 4096 && (kPage & (kPage - 1)) == 0);
  CHECK_EQUAL(facts().granularity % kPage, 0);
  CHECK_EQUAL(facts().huge_page_size % kPage, 0);
  CHECK(facts().max_mappings > 1000);
}

TEST("reserve gives aligned addresses without access") {
  uint8_t* address = Reserve(4);
  CHECK_EQUAL(reinterpret_cast<uintptr_t>(address) % facts().granularity, 0);
  CHECK(probe::HasAccess(address, 4 * kPage, Access::kNone));
  CHECK_EQUAL(release(address, 4 * kPage, true), 0);
  CHECK(probe::HasAccess(address, 4 * kPage, Access::kUnmapped));
}

TEST("reserve takes 64 GiB at no cost in memory") {
  SKIP_IF(probe::RunsUnderValgrind(), "valgrind has fewer addresses");
  const size_t size = size_t{64} << 30;
  uint8_t* address = nullptr;
  CHECK_EQUAL(reserve(size, &address), 0);
  CHECK_EQUAL(commit(address + size - kPage, kPage), 0);
  address[size - 1] = 1;
  CHECK_EQUAL(ResidentBytes(address + size - kPage, kPage), kPage);
  CHECK_EQUAL(release(address, size, true), 0);
}

TEST("reserve answers ENOMEM to more than the address space") {
  SKIP_IF(probe::RunsUnderValgrind(), "valgrind refuses these for reasons of its own");
  uint8_t* address = nullptr;
  CHECK_EQUAL(reserve(SIZE_MAX - kPage + 1, &address), ENOMEM);
  CHECK_EQUAL(reserve((SIZE_MAX >> 1) - kPage + 1, &address), ENOMEM);
  CHECK_EQUAL(address, nullptr);
}

TEST("commit makes a part usable, zero at first, and nothing else") {
  uint8_t* address = Reserve(4);
  CHECK_EQUAL(commit(address + kPage, 2 * kPage), 0);
  CHECK(probe::HasAccess(address, kPage, Access::kNone));
  CHECK(probe::HasAccess(address + kPage, 2 * kPage, Access::kReadWrite));
  CHECK(probe::HasAccess(address + 3 * kPage, kPage, Access::kNone));
  CHECK(IsAll(address + kPage, 2 * kPage, 0));
  memset(address + kPage, 7, 2 * kPage);
  CHECK_EQUAL(release(address, 4 * kPage, true), 0);
}

TEST("decommit takes access and contents, and keeps the addresses") {
  uint8_t* address = ReserveAndCommit(3);
  memset(address, 7, 3 * kPage);
  CHECK_EQUAL(decommit(address + kPage, kPage), 0);
  CHECK(probe::HasAccess(address + kPage, kPage, Access::kNone));
  CHECK_EQUAL(address[kPage - 1], 7);
  CHECK_EQUAL(address[2 * kPage], 7);
  CHECK_EQUAL(commit(address + kPage, kPage), 0);
  CHECK(IsAll(address + kPage, kPage, 0));
  CHECK_EQUAL(release(address, 3 * kPage, true), 0);
}

TEST("discard gives the memory back and keeps access") {
  uint8_t* address = ReserveAndCommit(3);
  memset(address, 7, 3 * kPage);
  CHECK_EQUAL(ResidentBytes(address, 3 * kPage), 3 * kPage);
  CHECK_EQUAL(discard(address + kPage, kPage), 0);
  CHECK_EQUAL(ResidentBytes(address, 3 * kPage), 2 * kPage);
  CHECK(probe::HasAccess(address, 3 * kPage, Access::kReadWrite));
  if (facts().discard_zeroes) {
    CHECK(IsAll(address + kPage, kPage, 0));
  }
  CHECK_EQUAL(address[kPage - 1], 7);
  CHECK_EQUAL(address[2 * kPage], 7);
  CHECK_EQUAL(release(address, 3 * kPage, true), 0);
}

TEST("release of the end keeps the beginning, and the whole can go in parts") {
  uint8_t* address = ReserveAndCommit(3);
  memset(address, 7, 3 * kPage);
  CHECK_EQUAL(release(address + kPage, 2 * kPage, false), 0);
  CHECK_EQUAL(address[kPage - 1], 7);
  CHECK(probe::AccessAt(address + kPage) != Access::kReadWrite);
  CHECK_EQUAL(release(address, kPage, true), 0);
  CHECK(probe::HasAccess(address, 3 * kPage, Access::kUnmapped));
}

TEST("resident counts pages that were touched, in ranges of any length") {
  // More than one call of the system can tell about.
  const size_t pages = 3 * 4096 + 5;
  uint8_t* address = ReserveAndCommit(pages);
  CHECK_EQUAL(ResidentBytes(address, pages * kPage), 0);
  address[0] = 1;
  address[4096 * kPage] = 1;
  address[pages * kPage - 1] = 1;
  CHECK(ResidentBytes(address, pages * kPage) >= 3 * kPage);
  CHECK_EQUAL(ResidentBytes(address + (pages - 1) * kPage, kPage), kPage);
  CHECK_EQUAL(discard(address, pages * kPage), 0);
  CHECK_EQUAL(ResidentBytes(address, pages * kPage), 0);
  CHECK_EQUAL(release(address, pages * kPage, true), 0);
}

TEST("resident refuses a range that is not mapped") {
  uint8_t* address = Reserve(2);
  CHECK_EQUAL(release(address, 2 * kPage, true), 0);
  size_t bytes = 42;
  CHECK_EQUAL(resident(address, 2 * kPage, &bytes), ENOMEM);
  CHECK_EQUAL(bytes, 42);
}

TEST("move takes the pages along and leaves zeroes, or says that it cannot and changes nothing") {
  uint8_t* address = Reserve(8);
  CHECK_EQUAL(commit(address, 4 * kPage), 0);
  memset(address, 7, 4 * kPage);
  bool target_kept = false;
  const Error error = move(address, 4 * kPage, address + 4 * kPage, &target_kept);
  if (facts().can_move) {
    CHECK_EQUAL(error, 0);
    CHECK(target_kept);
    CHECK_EQUAL(probe::FaultsAtTouch(address + 4 * kPage, 4 * kPage), 0);
    CHECK(IsAll(address + 4 * kPage, 4 * kPage, 7));
    CHECK_EQUAL(ResidentBytes(address, 4 * kPage), 0);
    CHECK(IsAll(address, 4 * kPage, 0));
    memset(address, 8, 4 * kPage);
    CHECK(IsAll(address + 4 * kPage, 4 * kPage, 7));
  } else {
    CHECK(error != 0);
    CHECK(IsAll(address, 4 * kPage, 7));
    CHECK(probe::HasAccess(address + 4 * kPage, 4 * kPage, Access::kNone));
  }
  CHECK_EQUAL(release(address, 8 * kPage, true), 0);
}

TEST("a move that is refused for want of memory leaves the source as it was and the target reserved") {
  SKIP_IF(!facts().can_move, "pages cannot be moved here");
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  const size_t size = 256 * kPage;
  uint8_t* address = Reserve(512);
  CHECK_EQUAL(commit(address, size), 0);
  memset(address, 7, size);
  Error error = 0;
  bool target_kept = false;
  {
    const probe::Limit limit(probe::Limit::Of::kMemory);
    error = move(address, size, address + size, &target_kept);
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK(target_kept);
  CHECK(probe::HasAccess(address + size, size, Access::kNone));
  CHECK(IsAll(address, size, 7));
  CHECK_EQUAL(move(address, size, address + size, &target_kept), 0);
  CHECK(IsAll(address + size, size, 7));
  CHECK_EQUAL(release(address, 512 * kPage, true), 0);
}

TEST("a move over the limit of mappings leaves the source as it was and claims no target that it lost") {
  SKIP_IF(!facts().can_move, "pages cannot be moved here");
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  uint8_t* address = Reserve(8);
  CHECK_EQUAL(commit(address, 2 * kPage), 0);
  memset(address, 7, 2 * kPage);
  Error error = 0;
  bool target_kept = false;
  {
    const probe::Limit limit(probe::Limit::Of::kSplits);
    error = move(address, 2 * kPage, address + 4 * kPage, &target_kept);
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK(IsAll(address, 2 * kPage, 7));
  CHECK(probe::HasAccess(address + 2 * kPage, 2 * kPage, Access::kNone));
  CHECK(!target_kept || probe::HasAccess(address + 4 * kPage, 2 * kPage, Access::kNone));
  CHECK(probe::HasAccess(address + 6 * kPage, 2 * kPage, Access::kNone));
  CHECK_EQUAL(release(address, 8 * kPage, true), 0);
}

TEST("fuse makes one mapping of several and gives their memory back") {
  uint8_t* address = Reserve(8);
  for (size_t i = 0; i < 8; i += 2) {
    CHECK_EQUAL(commit(address + i * kPage, kPage), 0);
    address[i * kPage] = 7;
  }
  CHECK(probe::CountMappings(address, 8 * kPage) >= 8);
  CHECK_EQUAL(fuse(address, 8 * kPage), 0);
  CHECK_EQUAL(probe::CountMappings(address, 8 * kPage), 1);
  CHECK(probe::HasAccess(address, 8 * kPage, Access::kReadWrite));
  CHECK_EQUAL(ResidentBytes(address, 8 * kPage), 0);
  if (facts().discard_zeroes) {
    CHECK(IsAll(address, 8 * kPage, 0));
  }
  CHECK_EQUAL(release(address, 8 * kPage, true), 0);
}

TEST("commit over the memory limit is ENOMEM and changes nothing") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  uint8_t* address = Reserve(512);
  CHECK_EQUAL(commit(address, kPage), 0);
  address[0] = 7;
  Error error = 0;
  {
    const probe::Limit limit(probe::Limit::Of::kMemory);
    error = commit(address + kPage, 511 * kPage);
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK_EQUAL(address[0], 7);
  CHECK(probe::HasAccess(address + kPage, 511 * kPage, Access::kNone));
  CHECK_EQUAL(commit(address + kPage, 511 * kPage), 0);
  CHECK_EQUAL(release(address, 512 * kPage, true), 0);
}

TEST("advice about huge pages changes no contents") {
  const size_t pages = (size_t{4} << 20) / kPage;
  uint8_t* address = Reserve(pages);
  CHECK_EQUAL(commit(address, pages / 2 * kPage), 0);
  memset(address, 7, kPage);
  advise_huge(address, pages * kPage);
  CHECK(IsAll(address, kPage, 7));
  CHECK(IsAll(address + kPage, pages / 2 * kPage - kPage, 0));
  CHECK(probe::HasAccess(address + pages / 2 * kPage, pages / 2 * kPage, Access::kNone));
  CHECK_EQUAL(release(address, pages * kPage, true), 0);
}

}  // namespace
}  // namespace vm
}  // namespace offheap
