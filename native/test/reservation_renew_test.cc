#include <algorithm>
#include <atomic>
#include <thread>

#include "reservation_support.h"

namespace offheap {
namespace {

using namespace test;
using probe::Access;

TEST("renew stays where nobody has seen the address") {
  const Owned reservation = CreateCommitted(kMiB, 4 * kPage);
  uint8_t* base = Base(reservation);
  Renew(reservation);
  CHECK_EQUAL(reservation->base(), base);
}

TEST("renew goes elsewhere and leaves the old exposure usable, zero and to itself") {
  for (const size_t capacity : {size_t{16} * kPage, kMiB, 4 * kMiB, 64 * kMiB}) {
    const size_t size = 16 * kPage;
    const Owned reservation = CreateCommitted(capacity, size);
    memset(Base(reservation), 7, size);
    Exposure old = Expose(reservation, size);
    Renew(reservation);
    CHECK(reservation->base() + size <= old.address || old.address + size <= reservation->base());
    CHECK_EQUAL(reservation->committed(), size);
    CHECK(probe::HasAccess(Base(reservation), size, Access::kReadWrite));
    CHECK(probe::HasAccess(old.address, size, Access::kReadWrite));
    if (vm::facts().discard_zeroes) {
      CHECK(IsAll(old.address, size, 0));
    }
    memset(old.address, 8, size);
    memset(Base(reservation), 9, size);
    CHECK(IsAll(old.address, size, 8));
    CHECK(IsAll(Base(reservation), size, 9));
    CHECK_EQUAL(reservation->Commit(capacity), 0);
    CHECK(IsAll(Base(reservation), size, 9));
    CHECK(IsAll(old.address, size, 8));
    old.Release();
  }
}

TEST("pages come along warm") {
  SKIP_IF(!vm::facts().can_move, "pages cannot be moved here");
  for (const size_t size : {64 * kKiB, kMiB, 8 * kMiB}) {
    const Owned reservation = CreateCommitted(64 * kMiB, size);
    memset(Base(reservation), 7, size);
    std::vector<Exposure> exposures;
    for (int round = 0; round < 200; round++) {
      exposures.push_back(Expose(reservation, size));
      Renew(reservation);
      CHECK_EQUAL(probe::FaultsAtTouch(Base(reservation), size), 0);
      CHECK_EQUAL(ResidentBytes(reservation), size);
    }
    ReleaseAll(&exposures);
  }
}

TEST("large reservations move by whole huge pages and keep them") {
  SKIP_IF(!vm::facts().can_move || vm::facts().huge_page_size == 0, "pages or huge pages cannot be moved here");
  const size_t size = 8 * kMiB;
  const Owned reservation = CreateCommitted(64 * kMiB, size);
  memset(Base(reservation), 7, size);
  const size_t huge_bytes = probe::HugeBytes(Base(reservation), size);
  const size_t offset = reinterpret_cast<uintptr_t>(Base(reservation)) % kHuge;
  std::vector<Exposure> exposures;
  for (int round = 0; round < 200; round++) {
    exposures.push_back(Expose(reservation, size));
    Renew(reservation);
    CHECK_EQUAL(reinterpret_cast<uintptr_t>(Base(reservation)) % kHuge, offset);
    CHECK(IsAll(Base(reservation), size, 7));
  }
  CHECK(probe::HugeBytes(Base(reservation), size) >= huge_bytes);
  ReleaseAll(&exposures);
}

TEST("an arena that grew into huge pages between renews is aligned to them at the next one") {
  SKIP_IF(!vm::facts().can_move || vm::facts().huge_page_size == 0, "pages or huge pages cannot be moved here");
  const Owned reservation = CreateCommitted(64 * kMiB, 64 * kKiB);
  std::vector<Exposure> exposures;
  for (int round = 0; round < 3; round++) {
    exposures.push_back(Expose(reservation, 64 * kKiB));
    Renew(reservation);
  }
  CHECK_EQUAL(reservation->Commit(6 * kMiB), 0);
  exposures.push_back(Expose(reservation, 6 * kMiB));
  Renew(reservation);
  CHECK_EQUAL(reinterpret_cast<uintptr_t>(Base(reservation)) % kHuge, 0);
  CHECK_EQUAL(reservation->committed(), 6 * kMiB);
  ReleaseAll(&exposures);
}

TEST("thousands of renewed exposures live on at addresses of their own") {
  const size_t size = 4 * kPage;
  const size_t rounds = 5000;
  const Owned reservation = CreateCommitted(kMiB, size);
  std::vector<Exposure> exposures;
  exposures.reserve(rounds);
  for (size_t round = 0; round < rounds; round++) {
    exposures.push_back(Expose(reservation, size));
    Renew(reservation);
  }
  // Each is marked at both ends; a mark that is lost lies in somebody else's memory.
  memset(Base(reservation), 7, size);
  for (size_t i = 0; i < rounds; i++) {
    memcpy(exposures[i].address, &i, sizeof(i));
    memcpy(exposures[i].address + size - sizeof(i), &i, sizeof(i));
  }
  CHECK(IsAll(Base(reservation), size, 7));
  for (size_t i = 0; i < rounds; i++) {
    CHECK(memcmp(exposures[i].address, &i, sizeof(i)) == 0);
    CHECK(memcmp(exposures[i].address + size - sizeof(i), &i, sizeof(i)) == 0);
  }
  const Usage usage = Measure();
  CHECK_EQUAL(usage.committed, size);
  CHECK(usage.reserved + usage.retired >= rounds * size);
  // Where pages move, one mapping for each span of 64 exposures, and those of the last; else one for each.
  CHECK(CountMappings() <= (vm::facts().can_move ? rounds / 32 : rounds + 8));
  ReleaseAll(&exposures);
  CHECK_EQUAL(Measure().retired, 0);
  memset(Base(reservation), 8, size);
}

TEST("renewed exposures may die in any order while renewing goes on") {
  const size_t size = 2 * kPage;
  const Owned reservation = CreateCommitted(kMiB, size);
  std::vector<Exposure> exposures;
  uint32_t random = 1;
  for (int round = 0; round < 3000; round++) {
    exposures.push_back(Expose(reservation, size));
    exposures.back().address[0] = 7;
    Renew(reservation);
    random = random * 1664525 + 1013904223;
    if (exposures.size() > 100) {
      std::swap(exposures[(random >> 8) % exposures.size()], exposures.back());
      CHECK(exposures.back().address[0] == 0 || exposures.back().address[0] == 7);
      exposures.back().Release();
      exposures.pop_back();
    }
  }
  ReleaseAll(&exposures);
}

TEST("renewing without an exposure alive retires nothing for long") {
  const Owned reservation = CreateCommitted(kMiB, 64 * kKiB);
  for (int round = 0; round < 1000; round++) {
    Expose(reservation, 64 * kKiB).Release();
    Renew(reservation);
    CHECK_EQUAL(Measure().retired, 0);
    CHECK(CountMappings() <= 32);
  }
}

TEST("an arena may grow between renews and keeps what it was given since") {
  const Owned reservation = Create(32 * kMiB);
  std::vector<Exposure> exposures;
  size_t size = kPage;
  for (int round = 0; size <= 32 * kMiB; round++) {
    CHECK_EQUAL(reservation->Commit(size), 0);
    memset(Base(reservation), round + 1, size);
    exposures.push_back(Expose(reservation, size / 2 + 1));
    // Grown in the same round, under its exposure.
    CHECK_EQUAL(reservation->Commit(std::min(2 * size, 32 * kMiB)), 0);
    CHECK(IsAll(Base(reservation), size, round + 1));
    exposures.push_back(Expose(reservation, reservation->committed()));
    Renew(reservation);
    CHECK_EQUAL(reservation->committed(), std::min(2 * size, 32 * kMiB));
    memset(Base(reservation), 9, reservation->committed());
    size = round % 3 == 2 ? size * 4 : size;  // some rounds without growth, too
  }
  for (const Exposure& exposure : exposures) {
    CHECK(probe::HasAccess(exposure.address, exposure.size, Access::kReadWrite));
    if (vm::facts().discard_zeroes) {
      CHECK(IsAll(exposure.address, exposure.size, 0));
    }
  }
  ReleaseAll(&exposures);
}

TEST("a thread that goes on writing to old exposures never faults and never reaches the new base") {
  const size_t size = 16 * kPage;
  const Owned reservation = CreateCommitted(kMiB, size);
  std::vector<Exposure> exposures;
  std::atomic<uint8_t*> target{nullptr};
  std::atomic<bool> stop{false};
  std::atomic<size_t> written{0};
  exposures.push_back(Expose(reservation, size));
  target = exposures.back().address;
  std::thread writer([&] {
    while (!stop) {
      Scribble(target, size);
      written++;
    }
  });
  for (int round = 0; round < 2000; round++) {
    // What was written before the move came along, and is whatever it is; from here on it is ours.
    Renew(reservation);
    memset(Base(reservation), 7, size);
    const size_t seen = written;
    if (round % 16 == 0) {
      while (written < seen + 2) {
        std::this_thread::yield();
      }
    }
    CHECK(IsAll(Base(reservation), size, 7));
    exposures.push_back(Expose(reservation, size));
    if (round % 3 == 0) {
      target = exposures.back().address;
    }
  }
  stop = true;
  writer.join();
  ReleaseAll(&exposures);
}

TEST("the base is aligned to pages wherever a renew goes") {
  for (const size_t committed : {kPage, 5 * kPage, kMiB, 3 * kMiB + kPage}) {
    const Owned reservation = CreateCommitted(8 * kMiB, committed);
    for (int round = 0; round < 70; round++) {
      CHECK_EQUAL(reinterpret_cast<uintptr_t>(Base(reservation)) % kPage, 0);
      Expose(reservation, committed).Release();
      Renew(reservation);
    }
  }
}

TEST("what no round along a span has come near to needing is given up with the span") {
  SKIP_IF(!vm::facts().can_move, "pages cannot be moved here");
  const Owned reservation = CreateCommitted(64 * kMiB, 64 * kMiB);
  std::vector<Exposure> exposures;
  exposures.push_back(Expose(reservation, 64 * kMiB));
  Renew(reservation);
  CHECK_EQUAL(reservation->committed(), 64 * kMiB);
  // One large round in the span is enough to keep it ...
  for (int round = 0; round < 100; round++) {
    exposures.push_back(Expose(reservation, round % 20 == 0 ? 30 * kMiB : kPage));
    Renew(reservation);
  }
  CHECK_EQUAL(reservation->committed(), 64 * kMiB);
  // ... and without any it goes.
  for (int round = 0; round < 200; round++) {
    exposures.push_back(Expose(reservation, 3 * kPage));
    exposures.back().address[0] = 1;
    Renew(reservation);
  }
  CHECK_EQUAL(reservation->committed(), 3 * kPage);
  CHECK_EQUAL(Measure().committed, 3 * kPage);
  CHECK_EQUAL(reservation->Commit(64 * kMiB), 0);
  CHECK(IsAll(Base(reservation) + kPage, 64 * kMiB - kPage, 0));
  ReleaseAll(&exposures);
}

TEST("dispose gives back what stale views have written long after") {
  SKIP_IF(!vm::facts().can_move, "pages cannot be moved here");
  const Owned reservation = CreateCommitted(kMiB, kMiB);
  std::vector<Exposure> exposures;
  for (int round = 0; round < 100; round++) {
    exposures.push_back(Expose(reservation, kMiB));
    Renew(reservation);
  }
  for (Exposure& exposure : exposures) {
    memset(exposure.address, 5, kMiB);
  }
  reservation->Dispose();
  for (Exposure& exposure : exposures) {
    // What spans that were left before hold is the views' own; the last one was left now.
    CHECK(IsAll(exposure.address, kMiB, exposure.address[0]));
  }
  CHECK(IsAll(exposures.back().address, kMiB, 0));
  CHECK(IsAll(exposures[exposures.size() - 20].address, kMiB, 0));
  ReleaseAll(&exposures);
}

}  // namespace
}  // namespace offheap
