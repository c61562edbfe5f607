#include "shared_reservation.h"

#include <errno.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "reservation_support.h"

namespace offheap {
namespace {

using namespace test;
using probe::Limit;

struct ReleaseHolder {
  void operator()(SharedReservation* shared) const { shared->Release(); }
};
using Holder = std::unique_ptr<SharedReservation, ReleaseHolder>;

Key KeyOf(uint32_t number) {
  Key key;
  memset(key.text, 'k', Key::kLength);
  memcpy(key.text, &number, sizeof(number));
  return key;
}

Holder Share(const Key& key, size_t capacity) {
  SharedReservation* shared = nullptr;
  CHECK_EQUAL(SharedReservation::Create(key, capacity, &shared), 0);
  return Holder(shared);
}

Holder ShareCommitted(const Key& key, size_t capacity, size_t committed) {
  Holder shared = Share(key, capacity);
  CHECK_EQUAL(shared->Reserve(), 0);
  CHECK_EQUAL(shared->Commit(committed), 0);
  return shared;
}

Holder Find(const Key& key) {
  return Holder(SharedReservation::Find(key));
}

Exposure Expose(const Holder& shared, size_t size) {
  Exposure exposure;
  exposure.size = size;
  CHECK_EQUAL(shared->Expose(size, &exposure.address, &exposure.span), 0);
  return exposure;
}

Usage MeasureShared() {
  return MeasureUsage(Kind::kBumpAlloc);
}

void CheckNothingTaken(const Holder& shared, size_t from, size_t to) {
  const size_t taken = shared->taken();
  CHECK(!shared->Take(from, to));
  CHECK_EQUAL(shared->taken(), taken);
}

TEST("nothing is reserved before it is asked for, and then once") {
  const Holder shared = Share(KeyOf(1), kMiB);
  const Holder other = Find(KeyOf(1));
  CHECK_EQUAL(MeasureShared().reserved, 0);
  CHECK_EQUAL(CountMappings(), 0);
  for (int i = 0; i < 2; i++) {
    CHECK_EQUAL(shared->Reserve(), 0);
    CHECK_EQUAL(other->Reserve(), 0);
    CHECK_EQUAL(MeasureShared().reserved, kMiB);
    CHECK_EQUAL(MeasureShared().committed, 0);
  }
  CHECK_EQUAL(other->Commit(64 * kKiB), 0);
  Exposure exposure = Expose(other, 64 * kKiB);
  memset(exposure.address, 7, exposure.size);
  CHECK_EQUAL(shared->Reserve(), 0);
  CHECK_EQUAL(MeasureShared().reserved, kMiB);
  exposure.Release();
  exposure = Expose(shared, 64 * kKiB);
  CHECK(IsAll(exposure.address, exposure.size, 7));
  exposure.Release();
}

TEST("before it is reserved nothing can be committed, exposed or taken") {
  const Holder shared = Share(KeyOf(1), kMiB);
  CHECK_EQUAL(shared->Commit(1), EINVAL);
  CHECK_EQUAL(shared->Commit(kMiB), EINVAL);
  CHECK_EQUAL(shared->Commit(SIZE_MAX), EINVAL);
  uint8_t* address = nullptr;
  Span* span = nullptr;
  for (const size_t size : {size_t{0}, size_t{1}, kMiB, SIZE_MAX}) {
    CHECK_EQUAL(shared->Expose(size, &address, &span), EINVAL);
  }
  CheckNothingTaken(shared, 0, 1);
  size_t bytes = SIZE_MAX;
  shared->Resident(&bytes);
  CHECK_EQUAL(bytes, 0);
}

TEST("a capacity of 0 is a reservation of nothing") {
  const Holder shared = Share(KeyOf(1), 0);
  CHECK_EQUAL(shared->Reserve(), 0);
  CHECK_EQUAL(shared->Commit(1), EINVAL);
  CheckNothingTaken(shared, 0, 1);
  CHECK_EQUAL(CountMappings(), 0);
}

TEST("a capacity that no system has is refused each time, and harms nothing") {
  for (const size_t capacity : {SIZE_MAX, SIZE_MAX - kPage, SIZE_MAX - kHuge, SIZE_MAX / 2}) {
    const Holder shared = Share(KeyOf(1), capacity);
    for (int i = 0; i < 3; i++) {
      const vm::Error error = shared->Reserve();
      // Valgrind refuses some of them before the system can, with another number.
      CHECK(error == ENOMEM || (probe::RunsUnderValgrind() && error != 0));
      CHECK_EQUAL(shared->Commit(1), EINVAL);
      CHECK_EQUAL(CountMappings(), 0);
    }
  }
}

TEST("what the system has refused can be tried again") {
  SKIP_IF(probe::RunsUnderTool(), "the tool does not survive the limit");
  const Holder shared = Share(KeyOf(1), kGiB);
  vm::Error errors[3] = {};
  {
    const Limit limit(Limit::Of::kAddresses);
    errors[0] = shared->Reserve();
    errors[1] = shared->Reserve();
  }
  CHECK(errors[0] == ENOMEM && errors[1] == ENOMEM);
  CHECK_EQUAL(MeasureShared().reserved, 0);
  CHECK_EQUAL(shared->Reserve(), 0);
  CHECK_EQUAL(shared->Commit(64 * kKiB), 0);
  CHECK(shared->Take(0, 100));
  {
    const Limit limit(Limit::Of::kMemory);
    errors[2] = shared->Commit(32 * kMiB);
  }
  CHECK_EQUAL(errors[2], ENOMEM);
  CHECK_EQUAL(MeasureShared().committed, 64 * kKiB);
  CheckNothingTaken(shared, 100, 64 * kKiB + 1);
  CHECK(shared->Take(100, 64 * kKiB));
  CHECK_EQUAL(shared->Commit(32 * kMiB), 0);
  CHECK(shared->Take(64 * kKiB, 32 * kMiB));
}

TEST("a key is that of one until its last holder has gone") {
  CHECK(Find(KeyOf(1)) == nullptr);
  Holder first = Share(KeyOf(1), kMiB);
  Holder second = Find(KeyOf(1));
  CHECK_EQUAL(second.get(), first.get());
  SharedReservation* other = nullptr;
  CHECK_EQUAL(SharedReservation::Create(KeyOf(1), 2 * kMiB, &other), EEXIST);
  first.reset();
  CHECK_EQUAL(SharedReservation::Create(KeyOf(1), 2 * kMiB, &other), EEXIST);
  CHECK_EQUAL(Find(KeyOf(1)).get(), second.get());
  second.reset();
  CHECK(Find(KeyOf(1)) == nullptr);
  CHECK_EQUAL(Share(KeyOf(1), 2 * kMiB)->capacity(), 2 * kMiB);
}

TEST("keys that differ in one byte are two") {
  const Holder shared = Share(KeyOf(1), kMiB);
  for (size_t i = 0; i < Key::kLength; i++) {
    Key key = KeyOf(1);
    key.text[i] ^= 0x40;
    CHECK(Find(key) == nullptr);
    const Holder other = Share(key, kMiB);
    CHECK_EQUAL(Find(KeyOf(1)).get(), shared.get());
  }
}

TEST("whoever leaves, in whatever order, the others are still found") {
  std::vector<uint32_t> order = {0, 1, 2, 3};
  do {
    std::vector<Holder> holders;
    for (uint32_t number = 0; number < order.size(); number++) {
      holders.push_back(Share(KeyOf(number), (number + 1) * kMiB));
    }
    for (const uint32_t leaving : order) {
      holders[leaving].reset();
      for (uint32_t number = 0; number < order.size(); number++) {
        CHECK_EQUAL(Find(KeyOf(number)).get(), holders[number].get());
      }
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST("it is the same memory for all holders, and lasts as long as the last one") {
  Holder first = ShareCommitted(KeyOf(1), kMiB, 64 * kKiB);
  Holder second = Find(KeyOf(1));
  CHECK(first->Take(0, 10));
  CHECK_EQUAL(second->taken(), 10);
  first.reset();
  CheckNothingTaken(second, 0, 20);
  CHECK(second->Take(10, 20));
  second.reset();
  CHECK_EQUAL(CountMappings(), 0);
}

TEST("exposures outlive the last holder, with their contents") {
  Holder shared = ShareCommitted(KeyOf(1), kMiB, 256 * kKiB);
  std::vector<Exposure> exposures = {Expose(shared, 64 * kKiB), Expose(shared, 128 * kKiB)};
  CHECK_EQUAL(exposures[0].address, exposures[1].address);
  memset(exposures[1].address, 7, exposures[1].size);
  size_t resident = 0;
  CHECK_EQUAL(shared->Resident(&resident), 0);
  CHECK_EQUAL(resident, 128 * kKiB);
  shared.reset();
  CHECK_EQUAL(MeasureShared().committed, 0);
  CHECK_EQUAL(MeasureShared().retired, 128 * kKiB);
  exposures[0].Release();
  CHECK(IsAll(exposures[1].address, exposures[1].size, 7));
  // Who comes with the same key does not come to the same memory.
  Holder next = ShareCommitted(KeyOf(1), kMiB, 64 * kKiB);
  Exposure fresh = Expose(next, 64 * kKiB);
  CHECK(IsAll(fresh.address, fresh.size, 0));
  fresh.Release();
  exposures[1].Release();
}

TEST("a take that does not start at the pointer, or ends where it must not, takes nothing") {
  const Holder shared = ShareCommitted(KeyOf(1), kMiB, 64 * kKiB);
  CheckNothingTaken(shared, 1, 2);
  CheckNothingTaken(shared, 0, 0);
  CHECK(shared->Take(0, 1000));
  for (const size_t from : {size_t{0}, size_t{999}, size_t{1001}, SIZE_MAX}) {
    CheckNothingTaken(shared, from, 1000);
    CheckNothingTaken(shared, from, 2000);
  }
  for (const size_t to : {size_t{0}, size_t{999}, size_t{1000}, 64 * kKiB + 1, kMiB, kMiB + 1, SIZE_MAX}) {
    CheckNothingTaken(shared, 1000, to);
  }
  CHECK(shared->Take(1000, 64 * kKiB));
  CHECK_EQUAL(shared->Commit(kMiB), 0);
  CHECK(shared->Take(64 * kKiB, kMiB));
  CheckNothingTaken(shared, kMiB, kMiB);
  CheckNothingTaken(shared, kMiB, kMiB + 1);
}

TEST("what is committed is rounded to pages, and what may be taken ends with the capacity") {
  for (const size_t capacity : {3 * kPage - 1, 3 * kPage, 3 * kPage + 1}) {
    for (const size_t size : {size_t{1}, kPage - 1, kPage, kPage + 1, 2 * kPage}) {
      const Holder shared = ShareCommitted(KeyOf(1), capacity, size);
      const size_t committed = (size + kPage - 1) / kPage * kPage;
      CHECK_EQUAL(MeasureShared().committed, committed);
      CheckNothingTaken(shared, 0, committed + 1);
      CHECK(shared->Take(0, committed));
      Exposure exposure = Expose(shared, committed);
      memset(exposure.address, 7, committed);
      CHECK_EQUAL(shared->Commit(0), 0);
      CHECK_EQUAL(shared->Commit(capacity + 1), EINVAL);
      CHECK_EQUAL(shared->Commit(capacity), 0);
      CheckNothingTaken(shared, committed, capacity + 1);
      CHECK(shared->Take(committed, capacity));
      Exposure whole = Expose(shared, capacity);
      CHECK_EQUAL(whole.address, exposure.address);
      CHECK(IsAll(whole.address, committed, 7));
      CHECK(IsAll(whole.address + committed, capacity - committed, 0));
      exposure.Release();
      whole.Release();
    }
  }
}

TEST("offsets may lie beyond 4 GiB") {
  const Holder shared = Share(KeyOf(1), 64 * kGiB);
  const vm::Error error = shared->Reserve();
  SKIP_IF(error != 0 && probe::RunsUnderTool(), "the tool has no room for 64 GiB");
  CHECK_EQUAL(error, 0);
  CHECK_EQUAL(shared->Commit(5 * kGiB), 0);
  Exposure exposure = Expose(shared, 5 * kGiB);
  size_t taken = 0;
  for (const size_t end : {2 * kGiB - 1, 2 * kGiB + 1, 4 * kGiB - 1, 4 * kGiB, 4 * kGiB + 1, 4 * kGiB + 8, 5 * kGiB}) {
    // The same in the low half of the number.
    CheckNothingTaken(shared, (taken + 4 * kGiB) % (8 * kGiB), end);
    CHECK(shared->Take(taken, end));
    CHECK_EQUAL(shared->taken(), end);
    exposure.address[end - 1] = 1;
    taken = end;
  }
  CheckNothingTaken(shared, taken, taken + 1);
  exposure.Release();
}

// What a thread writes where it has taken something: how much that is, and then its mark.
constexpr size_t kHead = sizeof(size_t);

// The exposure is for a time after that.
Exposure TakeSome(const Holder& shared, uint8_t mark, size_t size) {
  CHECK_EQUAL(shared->Reserve(), 0);
  for (;;) {
    const size_t from = shared->taken();
    CHECK_EQUAL(shared->Commit(from + size), 0);
    Exposure exposure = Expose(shared, from + size);
    if (shared->Take(from, from + size)) {
      CHECK(IsAll(exposure.address + from, size, 0));
      memcpy(exposure.address + from, &size, kHead);
      memset(exposure.address + from + kHead, mark, size - kHead);
      return exposure;
    }
    exposure.Release();
  }
}

TEST("threads take from one memory while others come and go, and another measures") {
  const size_t rounds = probe::RunsUnderTool() ? 500 : 2500;
  const Holder shared = Share(KeyOf(0), 64 * kMiB);
  std::atomic<bool> stop{false};
  std::thread observer([&] {
    for (size_t last = 0; !stop;) {
      size_t resident = 0;
      CHECK_EQUAL(shared->Resident(&resident), 0);
      CHECK(resident <= 64 * kMiB && MeasureShared().resident < kGiB);
      CHECK(shared->taken() >= last);
      last = shared->taken();
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  std::thread visitor([&] {
    for (uint32_t number = 1; !stop; number++) {
      const Holder other = Share(KeyOf(number), kMiB);
      TakeSome(Find(KeyOf(number)), 1, 100).Release();
    }
  });
  std::vector<std::thread> workers;
  for (size_t worker = 0; worker < 4; worker++) {
    workers.emplace_back([worker, rounds] {
      const uint8_t mark = static_cast<uint8_t>(worker + 1);
      Exposure last = TakeSome(Find(KeyOf(0)), mark, kHead + 1);
      for (size_t round = 1; round < rounds; round++) {
        const Exposure next = TakeSome(Find(KeyOf(0)), mark, kHead + 1 + (round * 7919 + worker) % 5000);
        last.Release();
        last = next;
      }
      last.Release();
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  stop = true;
  observer.join();
  visitor.join();
  const size_t taken = shared->taken();
  Exposure exposure = Expose(shared, taken);
  size_t blocks = 0;
  size_t size = 0;
  for (size_t from = 0; from < taken; from += size) {
    const uint8_t* block = exposure.address + from;
    memcpy(&size, block, kHead);
    CHECK(size > kHead && size <= taken - from);
    CHECK(IsAll(block + kHead, size - kHead, block[kHead]));
    blocks++;
  }
  CHECK_EQUAL(blocks, 4 * rounds);
  exposure.Release();
}

TEST("who looks for it while its last holder leaves finds nothing, or one that works") {
  const int rounds = probe::RunsUnderTool() ? 200 : 1000;
  for (int round = 0; round < rounds; round++) {
    Holder leaving = ShareCommitted(KeyOf(1), kMiB, 64 * kKiB);
    CHECK(leaving->Take(0, 1));
    std::atomic<int> ready{0};
    const auto meet = [&ready] {
      for (ready++; ready < 3;) {
        std::this_thread::yield();
      }
    };
    std::thread finder([&] {
      meet();
      const Holder holder = Find(KeyOf(1));
      if (holder != nullptr) {
        const size_t before = holder->capacity() == kMiB ? 1 : 0;
        TakeSome(holder, 7, 100).Release();
        CHECK_EQUAL(holder->taken(), before + 100);
      }
    });
    std::thread successor([&] {
      meet();
      SharedReservation* created = nullptr;
      while (SharedReservation::Create(KeyOf(1), 2 * kMiB, &created) == EEXIST) {
      }
      created->Release();
    });
    meet();
    leaving.reset();
    finder.join();
    successor.join();
    CHECK_EQUAL(CountMappings(), 0);
  }
}

}  // namespace
}  // namespace offheap
