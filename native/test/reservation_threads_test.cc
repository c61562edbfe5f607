#include <atomic>
#include <chrono>
#include <thread>

#include "reservation_support.h"

namespace offheap {
namespace {

using namespace test;

TEST("threads use reservations of their own while another measures") {
  std::atomic<bool> stop{false};
  std::thread observer([&stop] {
    while (!stop) {
      const Usage usage = Measure();
      CHECK(usage.resident < kGiB);
      CHECK(CountMappings() < MaxMappings());
      // Without a pause it would have the lock nearly always, and the others wait for it on a busy machine.
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 3; worker++) {
    workers.emplace_back([worker] {
      const uint8_t mark = static_cast<uint8_t>(worker + 1);
      std::vector<Exposure> exposures;
      for (int round = 0; round < 60; round++) {
        Owned reservation = Create(round % 4 == 0 ? 8 * kMiB : kMiB);
        for (int i = 0; i < 12; i++) {
          const size_t size = 64 * kKiB << (i / 4);
          CHECK_EQUAL(reservation->Commit(size), 0);
          memset(Base(reservation), mark, size);
          exposures.push_back(Expose(reservation, size));
          CHECK(IsAll(Base(reservation), size, mark));
          Renew(reservation);
        }
        if (round % 2 == 0) {
          reservation->Dispose();
        }
        if (round % 8 == 7) {
          ReleaseAll(&exposures);
        }
      }
      ReleaseAll(&exposures);
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  stop = true;
  observer.join();
}

TEST("an exposure may die in another thread than the one that reserved") {
  for (int round = 0; round < 100; round++) {
    Owned reservation = CreateCommitted(kMiB, 64 * kKiB);
    std::vector<Exposure> exposures;
    for (int i = 0; i < 8; i++) {
      exposures.push_back(Expose(reservation, 64 * kKiB));
      Renew(reservation);
    }
    std::thread other([&exposures] {
      for (Exposure& exposure : exposures) {
        Scribble(exposure.address, exposure.size);
        exposure.Release();
      }
    });
    if (round % 2 == 0) {
      reservation->Dispose();
    }
    reservation.reset();
    other.join();
    CHECK_EQUAL(CountMappings(), 0);
  }
}

}  // namespace
}  // namespace offheap
