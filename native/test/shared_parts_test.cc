#include <errno.h>

#include <cstring>

#include "reservation_support.h"
#include "shared_reservation.h"

namespace offheap {
namespace {

using namespace test;

SharedReservation* Share(size_t capacity) {
  Key key;
  memset(key.text, 'k', Key::kLength);
  SharedReservation* shared = nullptr;
  CHECK_EQUAL(SharedReservation::Create(key, capacity, &shared), 0);
  return shared;
}

Exposure ExposePart(SharedReservation* shared, size_t from, size_t to) {
  Exposure exposure;
  exposure.size = to - from;
  CHECK_EQUAL(shared->ExposePart(from, to, &exposure.address, &exposure.span), 0);
  return exposure;
}

TEST("a part is the same memory as the whole, at its offset") {
  SharedReservation* shared = Share(kMiB);
  CHECK_EQUAL(shared->Reserve(), 0);
  CHECK_EQUAL(shared->Commit(128 * kKiB), 0);
  Exposure whole;
  CHECK_EQUAL(shared->Expose(128 * kKiB, &whole.address, &whole.span), 0);
  std::vector<Exposure> parts;
  for (const size_t from : {size_t{0}, size_t{1}, kPage - 1, kPage, 100 * kKiB}) {
    parts.push_back(ExposePart(shared, from, from + 20 * kKiB));
    CHECK_EQUAL(parts.back().address, whole.address + from);
  }
  memset(parts[1].address, 7, parts[1].size);
  CHECK(IsAll(whole.address + 1, 20 * kKiB, 7));
  ReleaseAll(&parts);
  whole.Release();
  shared->Release();
}

TEST("a part keeps the memory when the last holder has gone") {
  SharedReservation* shared = Share(kMiB);
  CHECK_EQUAL(shared->Reserve(), 0);
  CHECK_EQUAL(shared->Commit(128 * kKiB), 0);
  Exposure part = ExposePart(shared, 64 * kKiB, 128 * kKiB);
  memset(part.address, 5, part.size);
  shared->Release();
  CHECK(IsAll(part.address, part.size, 5));
  part.Release();
}

TEST("a part that is empty, backwards or not committed is refused") {
  SharedReservation* shared = Share(kMiB);
  uint8_t* address = nullptr;
  Span* span = nullptr;
  CHECK_EQUAL(shared->ExposePart(0, 1, &address, &span), EINVAL);
  CHECK_EQUAL(shared->Reserve(), 0);
  CHECK_EQUAL(shared->ExposePart(0, 1, &address, &span), EINVAL);
  CHECK_EQUAL(shared->Commit(kPage), 0);
  CHECK_EQUAL(shared->ExposePart(0, 0, &address, &span), EINVAL);
  CHECK_EQUAL(shared->ExposePart(2, 1, &address, &span), EINVAL);
  CHECK_EQUAL(shared->ExposePart(0, kPage + 1, &address, &span), EINVAL);
  CHECK_EQUAL(shared->ExposePart(SIZE_MAX - 1, SIZE_MAX, &address, &span), EINVAL);
  CHECK(address == nullptr && span == nullptr);
  shared->Release();
}

}  // namespace
}  // namespace offheap
