#include <errno.h>

#include <atomic>
#include <thread>

#include "reservation_support.h"
#include "shared_reservation.h"

namespace offheap {
namespace {

using namespace test;
using probe::Access;

// While it lives, the process may hold so many bytes.
class Limited {
 public:
  explicit Limited(size_t bytes) { SetMemoryLimit(bytes); }
  ~Limited() { SetMemoryLimit(SIZE_MAX); }
};

TEST("the default counts once, and not after a limit was set") {
  CHECK_EQUAL(MemoryLimit(), SIZE_MAX);
  SetDefaultMemoryLimit(kMiB);
  CHECK_EQUAL(MemoryLimit(), kMiB);
  SetDefaultMemoryLimit(kGiB);
  CHECK_EQUAL(MemoryLimit(), kMiB);
  SetMemoryLimit(SIZE_MAX);
  SetDefaultMemoryLimit(kMiB);
  CHECK_EQUAL(MemoryLimit(), SIZE_MAX);
}

TEST("a commit beyond the limit is ENOMEM and leaves all as it was, and one up to it is not") {
  const Owned reservation = CreateCommitted(64 * kMiB, 4 * kPage);
  const Owned other = Create(64 * kMiB);
  memset(Base(reservation), 7, 4 * kPage);
  const Limited limited(10 * kPage);
  CHECK_EQUAL(reservation->Commit(10 * kPage + 1), ENOMEM);
  CHECK_EQUAL(reservation->Commit(64 * kMiB), ENOMEM);
  CHECK_EQUAL(reservation->committed(), 4 * kPage);
  CHECK_EQUAL(Measure().committed, 4 * kPage);
  CHECK_EQUAL(ChargedBytes(), 4 * kPage);
  CHECK(IsAll(Base(reservation), 4 * kPage, 7));
  CHECK(probe::HasAccess(Base(reservation) + 4 * kPage, kMiB, Access::kNone));
  CHECK_EQUAL(reservation->Commit(10 * kPage), 0);
  CHECK_EQUAL(other->Commit(1), ENOMEM);
  CHECK_EQUAL(reservation->Commit(kPage), 0);  // is there already
}

TEST("memory that is given back can be committed by others") {
  const Owned first = CreateCommitted(kMiB, 8 * kPage);
  const Owned second = Create(kMiB);
  const Limited limited(8 * kPage);
  CHECK_EQUAL(second->Commit(kPage), ENOMEM);
  first->Dispose();
  CHECK_EQUAL(ChargedBytes(), 0);
  CHECK_EQUAL(second->Commit(8 * kPage), 0);
  CHECK_EQUAL(second->Commit(9 * kPage), ENOMEM);
}

TEST("memory that is discarded stays committed, and stays charged") {
  const Owned reservation = CreateCommitted(kMiB, 8 * kPage);
  CHECK_EQUAL(reservation->Discard(0, 8 * kPage), 0);
  CHECK_EQUAL(ChargedBytes(), 8 * kPage);
}

TEST("a limit below what is in use takes nothing away, and holds for what comes") {
  const Owned reservation = CreateCommitted(kMiB, 8 * kPage);
  const Owned other = CreateCommitted(kMiB, 8 * kPage);
  for (const size_t limit : {size_t{0}, size_t{1}, 15 * kPage}) {
    const Limited limited(limit);
    memset(Base(reservation), 7, 8 * kPage);
    CHECK_EQUAL(reservation->Commit(9 * kPage), ENOMEM);
    CHECK_EQUAL(MemoryLimit(), limit);
  }
  other->Dispose();
  const Limited limited(9 * kPage);
  CHECK_EQUAL(reservation->Commit(9 * kPage), 0);
  CHECK(IsAll(Base(reservation), 8 * kPage, 7));
}

TEST("sizes near the end of all numbers are refused, too") {
  const Owned reservation = CreateCommitted(kMiB, kPage);
  CHECK_EQUAL(AddCommitted(Kind::kArena, SIZE_MAX), ENOMEM);
  CHECK_EQUAL(AddCommitted(Kind::kArena, SIZE_MAX - kPage + 1), ENOMEM);
  CHECK_EQUAL(ChargedBytes(), kPage);
}

TEST("a commit that the system refuses is not charged") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  const Owned reservation = CreateCommitted(64 * kMiB, 64 * kKiB);
  vm::Error error = 0;
  {
    const probe::Limit limit(probe::Limit::Of::kMemory);
    error = reservation->Commit(32 * kMiB);
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK_EQUAL(ChargedBytes(), 64 * kKiB);
}

TEST("a process at its limit can start over, by whichever way") {
  // The first renew looks for another span, those after it slide along, and what has grown since moves cold.
  for (const bool grown : {false, true}) {
    const Owned reservation = CreateCommitted(kMiB, 64 * kKiB);
    std::vector<Exposure> exposures;
    const Limited limited(grown ? 128 * kKiB : 64 * kKiB);
    for (int round = 0; round < 70; round++) {
      if (grown && round == 30) {
        CHECK_EQUAL(reservation->Commit(128 * kKiB), 0);
      }
      exposures.push_back(Expose(reservation, reservation->committed()));
      Renew(reservation);
      CHECK_EQUAL(ChargedBytes(), reservation->committed());
      CHECK_EQUAL(Measure().committed, reservation->committed());
    }
    ReleaseAll(&exposures);
  }
}

TEST("what a renew gives up can be committed by others") {
  const Owned reservation = CreateCommitted(8 * kMiB, 8 * kMiB);
  std::vector<Exposure> exposures;
  for (int round = 0; round < 200; round++) {
    exposures.push_back(Expose(reservation, kPage));
    Renew(reservation);
    CHECK_EQUAL(ChargedBytes(), reservation->committed());
  }
  CHECK(!vm::facts().can_move || reservation->committed() == kPage);
  ReleaseAll(&exposures);
}

TEST("the contents of a reservation that was dropped are charged until nobody can see them") {
  Owned reservation = CreateCommitted(kMiB, 16 * kPage);
  memset(Base(reservation), 7, 16 * kPage);
  Exposure exposure = Expose(reservation, 3 * kPage + 1);
  exposure.span->Retain();
  reservation.reset();
  CHECK_EQUAL(Measure().committed, 0);
  CHECK_EQUAL(ChargedBytes(), 4 * kPage);
  CHECK_EQUAL(Measure().resident, 4 * kPage);
  {
    const Owned other = Create(kMiB);
    const Limited limited(8 * kPage);
    CHECK_EQUAL(other->Commit(5 * kPage), ENOMEM);
    CHECK_EQUAL(other->Commit(4 * kPage), 0);
  }
  exposure.Release();
  CHECK_EQUAL(ChargedBytes(), 4 * kPage);
  exposure.Release();
  CHECK_EQUAL(ChargedBytes(), 0);
}

TEST("of a reservation that was dropped after a renew, only this round is charged") {
  Owned reservation = CreateCommitted(kMiB, 16 * kPage);
  std::vector<Exposure> exposures;
  for (int round = 0; round < 5; round++) {
    exposures.push_back(Expose(reservation, 16 * kPage));
    Renew(reservation);
  }
  exposures.push_back(Expose(reservation, 2 * kPage));
  reservation.reset();
  CHECK_EQUAL(ChargedBytes(), 2 * kPage);
  ReleaseAll(&exposures);
}

TEST("what was disposed of has no contents") {
  const Owned reservation = CreateCommitted(kMiB, 16 * kPage);
  Exposure exposure = Expose(reservation, 16 * kPage);
  reservation->Dispose();
  CHECK_EQUAL(ChargedBytes(), 0);
  exposure.Release();
}

TEST("all kinds count together, and memory of all threads") {
  Reservation* pool = nullptr;
  CHECK_EQUAL(Reservation::Create(kMiB, Kind::kPool, &pool), 0);
  SharedReservation* shared = nullptr;
  Key key{};
  CHECK_EQUAL(SharedReservation::Create(key, kMiB, &shared), 0);
  CHECK_EQUAL(shared->Reserve(), 0);
  const Owned arena = Create(kMiB);
  {
    const Limited limited(12 * kPage);
    CHECK_EQUAL(pool->Commit(4 * kPage), 0);
    CHECK_EQUAL(shared->Commit(4 * kPage), 0);
    CHECK_EQUAL(arena->Commit(5 * kPage), ENOMEM);
    CHECK_EQUAL(arena->Commit(4 * kPage), 0);
    CHECK_EQUAL(shared->Commit(5 * kPage), ENOMEM);
    CHECK_EQUAL(shared->Take(0, 5 * kPage), false);
    CHECK_EQUAL(shared->Take(0, 4 * kPage), true);
  }
  delete pool;
  CHECK_EQUAL(shared->Commit(5 * kPage), 0);
  shared->Release();
}

TEST("threads that commit at once never pass the limit, and reach it") {
  constexpr int kThreads = 4;
  constexpr size_t kRoom = 64;
  for (int round = 0; round < 20; round++) {
    const Limited limited(kRoom * kPage);
    std::atomic<size_t> committed{0};
    std::atomic<int> ready{0};
    std::vector<Owned> reservations;
    for (int i = 0; i < kThreads; i++) {
      reservations.push_back(Create(kMiB));
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++) {
      threads.emplace_back([&, i] {
        ready++;
        while (ready < kThreads) {
        }
        for (size_t pages = 1; pages <= kRoom && reservations[i]->Commit(pages * kPage) == 0; pages++) {
          committed++;
          CHECK(ChargedBytes() <= kRoom * kPage);
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    CHECK_EQUAL(committed.load(), kRoom);
    CHECK_EQUAL(ChargedBytes(), kRoom * kPage);
  }
}

}  // namespace
}  // namespace offheap
