#include <errno.h>

#include <algorithm>

#include "reservation_support.h"

namespace offheap {
namespace {

using namespace test;
using probe::Access;

TEST("no more mappings are in use than are counted") {
  SKIP_IF(probe::RunsUnderTool(), "the tool has mappings of its own");
  // The last one is no multiple of a huge page, so its span begins before what is aligned to one.
  for (const size_t capacity : {kMiB, 8 * kMiB, 8 * kMiB + kPage}) {
    for (const size_t committed : {64 * kKiB, capacity / 2}) {
      for (const int renews : {0, 1, 5, 16, 70}) {
        for (const bool grown : {false, true}) {
          // Several, so that what the test needs itself does not count.
          const size_t kCount = 10;
          std::vector<Owned> reservations;
          std::vector<Exposure> exposures;
          reservations.reserve(kCount);
          exposures.reserve(kCount * 100);
          const size_t before = probe::CountMappings();
          const auto check = [before] {
            const size_t used = probe::CountMappings() - before;
            CHECK(used <= CountMappings() + 2);
          };
          for (size_t i = 0; i < kCount; i++) {
            reservations.push_back(Create(capacity));
          }
          check();
          for (const Owned& reservation : reservations) {
            CHECK_EQUAL(reservation->Commit(committed), 0);
            Base(reservation)[0] = 1;
            for (int renew = 0; renew < renews; renew++) {
              exposures.push_back(Expose(reservation, committed));
              Renew(reservation);
              exposures.back().address[0] = 1;
            }
            if (grown) {
              CHECK_EQUAL(reservation->Commit(capacity), 0);
            }
            Base(reservation)[reservation->committed() - 1] = 1;
            exposures.push_back(Expose(reservation, committed / 2));
          }
          check();
          for (size_t i = 0; i < kCount; i += 2) {
            reservations[i]->Dispose();
          }
          check();
          reservations.clear();
          check();
          ReleaseAll(&exposures);
        }
      }
    }
  }
}

TEST("the accounts follow any sequence of calls and return to nothing") {
  uint32_t random = 7;
  const auto next = [&random](size_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % below;
  };
  std::vector<Owned> reservations(8);
  std::vector<Exposure> exposures;
  for (int step = 0; step < 4000; step++) {
    Owned& reservation = reservations[next(reservations.size())];
    if (reservation == nullptr) {
      reservation = Create(next(2) == 0 ? next(kMiB) + 1 : next(8 * kMiB) + 1);
    }
    switch (next(7)) {
      case 0:
      case 1:
        CHECK_EQUAL(reservation->Commit(next(reservation->capacity()) + 1), 0);
        Base(reservation)[next(reservation->committed())] = 1;
        break;
      case 2:
      case 3:
        if (reservation->committed() > 0) {
          exposures.push_back(Expose(reservation, next(reservation->committed()) + 1));
          exposures.back().address[exposures.back().size - 1] = 1;
        }
        break;
      case 4:
        Renew(reservation);
        break;
      case 5:
        if (!exposures.empty()) {
          std::swap(exposures[next(exposures.size())], exposures.back());
          exposures.back().address[exposures.back().size - 1] = 1;
          exposures.back().Release();
          exposures.pop_back();
        }
        break;
      default:
        if (next(4) == 0) {
          if (next(2) == 0) {
            reservation->Dispose();
          }
          reservation.reset();
        }
    }
    if (step % 16 != 0) {
      continue;  // measuring takes time
    }
    size_t committed = 0;
    for (const Owned& each : reservations) {
      committed += each == nullptr ? 0 : each->committed();
    }
    CHECK_EQUAL(Measure().committed, committed);
    CHECK(Measure().reserved >= committed);
  }
  for (const Exposure& exposure : exposures) {
    CHECK(probe::HasAccess(exposure.address, exposure.size, Access::kReadWrite));
  }
  reservations.clear();
  CHECK_EQUAL(Measure().reserved, 0);
  ReleaseAll(&exposures);
}

TEST("at the budget of mappings creating fails, and works again after a release") {
  std::vector<Owned> reservations;
  vm::Error error = 0;
  while (error == 0) {
    Reservation* reservation = nullptr;
    error = Reservation::Create(2 * kPage, Kind::kArena, &reservation);
    if (error == 0) {
      reservations.emplace_back(reservation);
      // Valgrind has a limit of its own, below the system's.
      CHECK(probe::RunsUnderValgrind() || reservation->Commit(kPage) == 0);
    }
  }
  CHECK_EQUAL(error, ENOMEM);
  CHECK_EQUAL(reservations.size(), MaxMappings() / 2);
  CHECK(probe::CountMappings() < vm::facts().max_mappings * 3 / 4);
  reservations.pop_back();
  reservations.push_back(Create(2 * kPage));
  // Nor does any of them find another address.
  CHECK_EQUAL(reservations[0]->Commit(kPage), 0);
  Base(reservations[0])[0] = 7;
  Exposure exposure = Expose(reservations[0], kPage);
  uint8_t* base = Base(reservations[0]);
  CHECK_EQUAL(reservations[0]->Renew(), ENOMEM);
  CHECK_EQUAL(Base(reservations[0]), base);
  CHECK_EQUAL(base[0], 7);
  CHECK_EQUAL(reservations[0]->committed(), kPage);
  reservations.resize(reservations.size() - 2);
  Renew(reservations[0]);
  CHECK(Base(reservations[0]) != base);
  exposure.Release();
}

TEST("few mappings are left behind when they run short") {
  SKIP_IF(!vm::facts().can_move, "pages cannot be moved here");
  const Owned reservation = CreateCommitted(kMiB, kPage);
  Span* hog = nullptr;
  CHECK_EQUAL(Span::Create(kPage, Kind::kArena, &hog), 0);
  hog->SetMappings(MaxMappings() / 2 + 1);
  const size_t before = CountMappings();
  std::vector<Exposure> exposures;
  for (int round = 0; round < 60; round++) {
    exposures.push_back(Expose(reservation, kPage));
    Renew(reservation);
    CHECK(CountMappings() <= before + 4);
  }
  hog->Leave(hog->begin());
  ReleaseAll(&exposures);
}

}  // namespace
}  // namespace offheap
