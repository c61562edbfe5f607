#include <errno.h>

#include "reservation_support.h"

namespace offheap {
namespace {

using namespace test;
using probe::Access;
using probe::Limit;

// A refused renew must show in nothing, however often it is tried. The one thing it may take is room to grow, where
// nobody can say whether the target of a move is still ours: until the next success.
enum class Growth { kStays, kMayBeRefused };

void CheckRefusedRenew(Limit::Of what, const Owned& reservation, Growth growth = Growth::kStays) {
  const size_t size = reservation->committed();
  memset(Base(reservation), 7, size);
  Exposure exposure = Expose(reservation, size);
  uint8_t* const base = Base(reservation);
  const size_t mappings = CountMappings();
  const size_t addresses = probe::CountAddresses();
  const Usage before = Measure();
  {
    const Limit limit(what);
    for (int i = 0; i < 5; i++) {
      const vm::Error error = reservation->Renew();
      CHECK_EQUAL(error, ENOMEM);
    }
  }
  CHECK_EQUAL(Base(reservation), base);
  CHECK_EQUAL(reservation->committed(), size);
  CHECK_EQUAL(CountMappings(), mappings);
  const Usage after = Measure();
  CHECK_EQUAL(after.committed, before.committed);
  CHECK_EQUAL(after.resident, before.resident);
  CHECK_EQUAL(after.retired, before.retired);
  CHECK(IsAll(base, size, 7));
  // It can go on as if nothing had been: growing here, or starting over.
  if (growth == Growth::kStays) {
    CHECK_EQUAL(after.reserved, before.reserved);
    CHECK_EQUAL(probe::CountAddresses(), addresses);
    CHECK_EQUAL(reservation->Commit(reservation->capacity()), 0);
    CHECK(IsAll(base, size, 7));
    CHECK(IsAll(base + size, reservation->committed() - size, 0));
  } else {
    CHECK(probe::CountAddresses() <= addresses);
    const vm::Error error = reservation->Commit(reservation->capacity());
    // The lost target, which may be anybody's, begins where this would.
    const bool lost = after.reserved < before.reserved;
    CHECK_EQUAL(error, lost ? ENOMEM : 0);
    CHECK_EQUAL(reservation->committed(), lost ? size : reservation->capacity());
    CHECK(!lost || probe::AccessAt(base + size) != Access::kReadWrite);
    CHECK(IsAll(base, size, 7));
  }
  Renew(reservation);
  CHECK(Base(reservation) != base);
  CHECK(IsAll(exposure.address, size, 0));
  CHECK_EQUAL(reservation->Commit(reservation->capacity()), 0);
  memset(Base(reservation), 8, reservation->committed());
  exposure.Release();
}

// The first renew finds no room in its span and looks for another one; those after it slide along the span.
Owned CreateBeforeRelocation() {
  return CreateCommitted(kMiB, kMiB / 2);
}

Owned CreateBeforeSlide() {
  Owned reservation = CreateBeforeRelocation();
  Expose(reservation, reservation->committed()).Release();
  Renew(reservation);
  return reservation;
}

TEST("a renew that gets no addresses leaves all as it was") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  CheckRefusedRenew(Limit::Of::kAddresses, CreateBeforeRelocation());
}

TEST("a renew that gets no memory leaves all as it was") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  CheckRefusedRenew(Limit::Of::kMemory, CreateBeforeRelocation());
  CheckRefusedRenew(Limit::Of::kMemory, CreateBeforeSlide());
}

TEST("a renew that gets no mapping leaves all as it was") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  for (const Limit::Of what : {Limit::Of::kSplits, Limit::Of::kMappings}) {
    CheckRefusedRenew(what, CreateBeforeRelocation());
    CheckRefusedRenew(what, CreateBeforeSlide(), Growth::kMayBeRefused);
  }
}

TEST("a renew of an arena that has grown leaves all as it was when it is refused") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  for (const Limit::Of what : {Limit::Of::kAddresses, Limit::Of::kMemory, Limit::Of::kSplits, Limit::Of::kMappings}) {
    const Owned reservation = CreateBeforeSlide();
    CHECK_EQUAL(reservation->Commit(kMiB * 3 / 4), 0);
    CheckRefusedRenew(what, reservation);
  }
}

TEST("a commit that gets no memory is ENOMEM and leaves all as it was") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  const Owned reservation = CreateCommitted(64 * kMiB, 64 * kKiB);
  memset(Base(reservation), 7, 64 * kKiB);
  vm::Error error = 0;
  {
    const Limit limit(Limit::Of::kMemory);
    error = reservation->Commit(32 * kMiB);
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK_EQUAL(reservation->committed(), 64 * kKiB);
  CHECK_EQUAL(Measure().committed, 64 * kKiB);
  CHECK(IsAll(Base(reservation), 64 * kKiB, 7));
  CHECK(probe::HasAccess(Base(reservation) + 64 * kKiB, kMiB, Access::kNone));
  CHECK_EQUAL(reservation->Commit(32 * kMiB), 0);
  CHECK(IsAll(Base(reservation), 64 * kKiB, 7));
}

TEST("a first commit that gets no mapping is ENOMEM and leaves all as it was") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  const Owned reservation = Create(kMiB);
  vm::Error error = 0;
  {
    const Limit limit(Limit::Of::kSplits);
    error = reservation->Commit(64 * kKiB);
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK_EQUAL(reservation->committed(), 0);
  CHECK_EQUAL(Measure().committed, 0);
  CHECK_EQUAL(reservation->Commit(64 * kKiB), 0);
  memset(Base(reservation), 7, 64 * kKiB);
}

TEST("a reservation that gets no addresses is ENOMEM and leaves no trace") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  Reservation* reservation = nullptr;
  vm::Error error = 0;
  {
    const Limit limit(Limit::Of::kAddresses);
    error = Reservation::Create(kGiB, Kind::kArena, &reservation);
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK_EQUAL(reservation, nullptr);
}

TEST("dispose gives the memory back even where no mapping can be made or split") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  for (const bool slid : {false, true}) {
    const Owned reservation = slid ? CreateBeforeSlide() : CreateBeforeRelocation();
    const size_t size = reservation->committed();
    memset(Base(reservation), 7, size);
    Exposure exposure = Expose(reservation, size / 2);
    {
      const Limit limit(Limit::Of::kMappings);
      reservation->Dispose();
    }
    CHECK(probe::HasAccess(exposure.address, exposure.size, Access::kReadWrite));
    CHECK_EQUAL(Measure().resident, 0);
    CHECK(IsAll(exposure.address, exposure.size, 0));
    exposure.Release();
  }
}

}  // namespace
}  // namespace offheap
