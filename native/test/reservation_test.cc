#include <errno.h>

#include "reservation_support.h"

namespace offheap {
namespace {

using namespace test;
using probe::Access;

TEST("a capacity of 0 is a reservation of nothing") {
  const Owned reservation = Create(0);
  CHECK_EQUAL(reservation->base(), nullptr);
  CHECK_EQUAL(CountMappings(), 0);
  CHECK_EQUAL(reservation->Commit(0), 0);
  CHECK_EQUAL(reservation->Commit(1), EINVAL);
  uint8_t* address = nullptr;
  Span* span = nullptr;
  CHECK_EQUAL(reservation->Expose(0, &address, &span), EINVAL);
  CHECK_EQUAL(reservation->Expose(1, &address, &span), EINVAL);
  CHECK_EQUAL(reservation->Renew(), 0);
  CHECK_EQUAL(reservation->Discard(0, 0), 0);
  CHECK_EQUAL(reservation->Discard(0, 1), EINVAL);
  CHECK_EQUAL(ResidentBytes(reservation), 0);
  reservation->Dispose();
}

TEST("a capacity is rounded up to pages for the system and kept as it is for the caller") {
  const Owned reservation = Create(kPage + 1);
  CHECK_EQUAL(reservation->capacity(), kPage + 1);
  CHECK_EQUAL(Measure().reserved, 2 * kPage);
  CHECK_EQUAL(reservation->Commit(kPage + 1), 0);
  CHECK_EQUAL(reservation->committed(), 2 * kPage);
  memset(Base(reservation), 7, 2 * kPage);
}

TEST("capacities near the end of the numbers are ENOMEM and leave no trace") {
  const size_t sizes[] = {SIZE_MAX,
                          SIZE_MAX - 1,
                          SIZE_MAX - kPage + 2,
                          SIZE_MAX - kPage + 1,
                          SIZE_MAX - kPage,
                          SIZE_MAX - 2 * kPage + 1,
                          SIZE_MAX - kHuge,
                          SIZE_MAX - kHuge + 1,
                          SIZE_MAX - kHuge - kPage + 1,
                          SIZE_MAX - 2 * kHuge,
                          SIZE_MAX / 2,
                          SIZE_MAX / 2 + 1};
  for (const size_t size : sizes) {
    Reservation* reservation = nullptr;
    const vm::Error error = Reservation::Create(size, Kind::kArena, &reservation);
    // Valgrind refuses some of them before the system can, with another number.
    CHECK(error == ENOMEM || (probe::RunsUnderValgrind() && error != 0));
    CHECK_EQUAL(reservation, nullptr);
    CHECK_EQUAL(Measure().reserved, 0);
    CHECK_EQUAL(CountMappings(), 0);
  }
}

TEST("sizes near the end of the numbers are EINVAL") {
  const Owned reservation = CreateCommitted(16 * kPage, 4 * kPage);
  uint8_t* address = nullptr;
  Span* span = nullptr;
  for (const size_t size : {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - kPage + 1, SIZE_MAX / 2 + 1}) {
    CHECK_EQUAL(reservation->Commit(size), EINVAL);
    CHECK_EQUAL(reservation->Expose(size, &address, &span), EINVAL);
    CHECK_EQUAL(reservation->Discard(0, size), EINVAL);
    CHECK_EQUAL(reservation->Discard(size, size), EINVAL);
    CHECK_EQUAL(reservation->Discard(size, 0), EINVAL);
  }
  CHECK_EQUAL(reservation->committed(), 4 * kPage);
}

TEST("commit rounds up to pages and commits a prefix only") {
  const Owned reservation = Create(16 * kPage);
  CHECK(probe::HasAccess(Base(reservation), 16 * kPage, Access::kNone));
  CHECK_EQUAL(reservation->Commit(0), 0);
  CHECK_EQUAL(reservation->committed(), 0);
  CHECK_EQUAL(reservation->Commit(1), 0);
  CHECK_EQUAL(reservation->committed(), kPage);
  CHECK_EQUAL(reservation->Commit(3 * kPage + 1), 0);
  CHECK_EQUAL(reservation->committed(), 4 * kPage);
  CHECK(probe::HasAccess(Base(reservation), 4 * kPage, Access::kReadWrite));
  CHECK(probe::HasAccess(Base(reservation) + 4 * kPage, 12 * kPage, Access::kNone));
  CHECK(IsAll(Base(reservation), 4 * kPage, 0));
  CHECK_EQUAL(Measure().committed, 4 * kPage);
}

TEST("commit never shrinks and keeps contents") {
  const Owned reservation = CreateCommitted(16 * kPage, 4 * kPage);
  memset(Base(reservation), 7, 4 * kPage);
  CHECK_EQUAL(reservation->Commit(kPage), 0);
  CHECK_EQUAL(reservation->committed(), 4 * kPage);
  CHECK_EQUAL(reservation->Commit(16 * kPage), 0);
  CHECK(IsAll(Base(reservation), 4 * kPage, 7));
  CHECK(IsAll(Base(reservation) + 4 * kPage, 12 * kPage, 0));
}

TEST("commit beyond the capacity is EINVAL, however much is committed") {
  const Owned reservation = Create(kPage + 1);
  CHECK_EQUAL(reservation->Commit(kPage + 2), EINVAL);
  CHECK_EQUAL(reservation->committed(), 0);
  CHECK_EQUAL(reservation->Commit(kPage + 1), 0);
  CHECK_EQUAL(reservation->Commit(kPage + 2), EINVAL);
  CHECK_EQUAL(reservation->committed(), 2 * kPage);
}

TEST("a part is exposed from its first byte on, and what is renewed reaches to its end") {
  const Owned reservation = CreateCommitted(16 * kPage, 4 * kPage);
  uint8_t* address = nullptr;
  Span* span = nullptr;
  CHECK_EQUAL(reservation->ExposePart(kPage, kPage, &address, &span), EINVAL);
  CHECK_EQUAL(reservation->ExposePart(2 * kPage, kPage, &address, &span), EINVAL);
  CHECK_EQUAL(reservation->ExposePart(kPage, 4 * kPage + 1, &address, &span), EINVAL);
  CHECK_EQUAL(reservation->ExposePart(SIZE_MAX - 1, SIZE_MAX, &address, &span), EINVAL);
  CHECK_EQUAL(span, nullptr);
  CHECK_EQUAL(reservation->ExposePart(kPage, 3 * kPage, &address, &span), 0);
  CHECK_EQUAL(address, Base(reservation) + kPage);
  memset(address, 7, 2 * kPage);
  Renew(reservation);
  CHECK(address != Base(reservation) + kPage);
  CHECK(IsAll(address, 2 * kPage, 0));
  memset(Base(reservation), 8, 4 * kPage);
  CHECK(IsAll(address, 2 * kPage, 0));
  reservation->Dispose();
  CHECK(IsAll(address, 2 * kPage, 0));
  span->Release();
}

TEST("expose takes from one byte to all that is committed") {
  const Owned reservation = CreateCommitted(16 * kPage, 4 * kPage);
  uint8_t* address = nullptr;
  Span* span = nullptr;
  CHECK_EQUAL(reservation->Expose(0, &address, &span), EINVAL);
  CHECK_EQUAL(reservation->Expose(4 * kPage + 1, &address, &span), EINVAL);
  CHECK_EQUAL(address, nullptr);
  CHECK_EQUAL(span, nullptr);
  Expose(reservation, 1).Release();
  Expose(reservation, 4 * kPage).Release();
}

TEST("discard rounds inward and keeps what is only partly meant") {
  const Owned reservation = CreateCommitted(8 * kPage, 8 * kPage);
  uint8_t* base = Base(reservation);
  memset(base, 7, 8 * kPage);
  CHECK_EQUAL(reservation->Discard(kPage + 1, 4 * kPage - 1), 0);
  CHECK_EQUAL(ResidentBytes(reservation), 7 * kPage);
  CHECK(IsAll(base, 2 * kPage, 7));
  if (vm::facts().discard_zeroes) {
    CHECK(IsAll(base + 2 * kPage, kPage, 0));
  }
  CHECK(IsAll(base + 3 * kPage, 5 * kPage, 7));
  // Nothing whole lies in these.
  CHECK_EQUAL(reservation->Discard(4 * kPage + 1, 5 * kPage), 0);
  CHECK_EQUAL(reservation->Discard(4 * kPage + 1, 6 * kPage - 1), 0);
  CHECK_EQUAL(reservation->Discard(8 * kPage, 8 * kPage), 0);
  CHECK(IsAll(base + 3 * kPage, 5 * kPage, 7));
  CHECK_EQUAL(reservation->Discard(5, 4), EINVAL);
  CHECK_EQUAL(reservation->Discard(0, 8 * kPage + 1), EINVAL);
  CHECK(IsAll(base + 3 * kPage, 5 * kPage, 7));
}

TEST("resident and the accounts tell what is touched") {
  const Owned reservation = CreateCommitted(kMiB, 16 * kPage);
  CHECK_EQUAL(ResidentBytes(reservation), 0);
  memset(Base(reservation), 7, 4 * kPage);
  CHECK_EQUAL(ResidentBytes(reservation), 4 * kPage);
  const Usage usage = Measure();
  CHECK_EQUAL(usage.reserved, kMiB);
  CHECK_EQUAL(usage.committed, 16 * kPage);
  CHECK_EQUAL(usage.resident, 4 * kPage);
  CHECK_EQUAL(usage.retired, 0);
}

TEST("dispose gives the memory back at once and keeps what is exposed accessible") {
  for (const size_t capacity : {kMiB, 64 * kMiB}) {
    for (const int renews : {0, 1, 5, 40}) {
      const Owned reservation = CreateCommitted(capacity, kMiB);
      std::vector<Exposure> exposures;
      for (int i = 0; i < renews; i++) {
        exposures.push_back(Expose(reservation, kMiB / 2));
        Renew(reservation);
        memset(exposures.back().address, 8, kPage);
      }
      uint8_t* base = Base(reservation);
      memset(base, 7, kMiB);
      exposures.push_back(Expose(reservation, kMiB / 2));
      CHECK(Measure().resident >= kMiB);
      reservation->Dispose();
      const Usage usage = Measure();
      CHECK_EQUAL(usage.reserved, 0);
      CHECK_EQUAL(usage.committed, 0);
      CHECK(usage.retired >= kMiB / 2);
      CHECK(probe::HasAccess(base + kMiB / 2, kMiB / 2, Access::kUnmapped));
      CHECK(probe::HasAccess(base, kMiB / 2, Access::kReadWrite));
      // Old exposures were written to after their round: in spans that were left earlier that memory is theirs.
      CHECK(usage.resident <= exposures.size() * kPage);
      CHECK(IsAll(base, kMiB / 2, 0));
      memset(base, 9, kMiB / 2);
      CHECK(Measure().resident >= kMiB / 2);
      ReleaseAll(&exposures);
      CHECK_EQUAL(Measure().retired, 0);
    }
  }
}

TEST("dispose of what was never exposed leaves nothing") {
  const Owned reservation = CreateCommitted(4 * kMiB, kMiB);
  uint8_t* base = Base(reservation);
  memset(base, 7, kMiB);
  reservation->Dispose();
  CHECK(probe::HasAccess(base, 4 * kMiB, Access::kUnmapped));
  CHECK_EQUAL(CountMappings(), 0);
  CHECK_EQUAL(reservation->committed(), 0);
}

TEST("the destructor leaves contents to the exposures that remain") {
  for (const int renews : {0, 1, 5, 40}) {
    Owned reservation = CreateCommitted(kMiB, 64 * kKiB);
    std::vector<Exposure> exposures;
    for (int i = 0; i < renews; i++) {
      exposures.push_back(Expose(reservation, 64 * kKiB));
      Renew(reservation);
    }
    memset(Base(reservation), 7, 64 * kKiB);
    exposures.push_back(Expose(reservation, 16 * kKiB));
    uint8_t* base = Base(reservation);
    reservation.reset();
    CHECK(IsAll(base, 16 * kKiB, 7));
    CHECK(probe::HasAccess(base + 16 * kKiB, 48 * kKiB, Access::kUnmapped));
    CHECK_EQUAL(Measure().committed, 0);
    CHECK_EQUAL(Measure().resident, 16 * kKiB);
    ReleaseAll(&exposures);
  }
}

TEST("a span dies with its last exposure only") {
  Owned reservation = CreateCommitted(kMiB, 64 * kKiB);
  Exposure first = Expose(reservation, 4 * kPage);
  Exposure second = Expose(reservation, 64 * kKiB);
  Exposure third = Expose(reservation, 1);
  CHECK_EQUAL(first.span, second.span);
  reservation->Dispose();
  CHECK_EQUAL(Measure().retired, 64 * kKiB);
  second.Release();
  CHECK_EQUAL(Measure().retired, 64 * kKiB);
  first.Release();
  CHECK(probe::HasAccess(second.address, 64 * kKiB, Access::kReadWrite));
  third.Release();
  CHECK(probe::HasAccess(second.address, 64 * kKiB, Access::kUnmapped));
}

TEST("exposures of one byte keep one page") {
  Owned reservation = CreateCommitted(kMiB, 64 * kKiB);
  Exposure exposure = Expose(reservation, 1);
  reservation.reset();
  CHECK_EQUAL(Measure().retired, kPage);
  exposure.Release();
}

TEST("huge pages are asked for beyond the first 2 MiB, and not before") {
  SKIP_IF(probe::RunsUnderTool(), "the tool decides about pages");
  SKIP_IF(!probe::GivesHugePagesWhenAsked(), "the system gives huge pages unasked, or never");
  const Owned reservation = CreateCommitted(64 * kMiB, kHuge);
  memset(Base(reservation), 1, kHuge);
  CHECK_EQUAL(probe::HugeBytes(Base(reservation), kHuge), 0);
  CHECK_EQUAL(reservation->Commit(64 * kMiB), 0);
  memset(Base(reservation) + kHuge, 1, 62 * kMiB);
  // Not all of them where memory is in pieces.
  CHECK(probe::HugeBytes(Base(reservation), 64 * kMiB) >= 8 * kHuge);
}

}  // namespace
}  // namespace offheap
