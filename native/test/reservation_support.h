// What the tests of reservations share: one that is owned, its exposures, and looks at its memory.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "probe.h"
#include "reservation.h"
#include "test.h"

namespace offheap {
namespace test {

inline const size_t kPage = vm::facts().page_size;
constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;
constexpr size_t kGiB = 1024 * kMiB;
constexpr size_t kHuge = 2 * kMiB;

using Owned = std::unique_ptr<Reservation>;

inline Owned Create(size_t capacity) {
  Reservation* reservation = nullptr;
  CHECK_EQUAL(Reservation::Create(capacity, Kind::kArena, &reservation), 0);
  return Owned(reservation);
}

inline Owned CreateCommitted(size_t capacity, size_t committed) {
  Owned reservation = Create(capacity);
  CHECK_EQUAL(reservation->Commit(committed), 0);
  return reservation;
}

inline uint8_t* Base(const Owned& reservation) {
  return const_cast<uint8_t*>(reservation->base());
}

// What the binding keeps for an ArrayBuffer.
struct Exposure {
  uint8_t* address = nullptr;
  size_t size = 0;
  Span* span = nullptr;

  void Release() { span->Release(); }
};

inline Exposure Expose(const Owned& reservation, size_t size) {
  Exposure exposure;
  exposure.size = size;
  CHECK_EQUAL(reservation->Expose(size, &exposure.address, &exposure.span), 0);
  CHECK_EQUAL(exposure.address, Base(reservation));
  return exposure;
}

inline void ReleaseAll(std::vector<Exposure>* exposures) {
  for (Exposure& exposure : *exposures) {
    exposure.Release();
  }
  exposures->clear();
}

inline bool IsAll(const uint8_t* bytes, size_t size, uint8_t value) {
  // Every byte is as the one before: many times faster, with sanitizers, than a loop.
  return size == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0);
}

// What a job does that nobody told: a race with every mmap under it, on purpose, and so not for TSan to see.
__attribute__((no_sanitize_thread)) inline void Scribble(volatile uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; i += kPage / 4) {
    bytes[i] = 1;
  }
}

inline size_t ResidentBytes(const Owned& reservation) {
  size_t bytes = SIZE_MAX;
  CHECK_EQUAL(reservation->Resident(&bytes), 0);
  return bytes;
}

inline Usage Measure() {
  return MeasureUsage(Kind::kArena);
}

inline void Renew(const Owned& reservation) {
  CHECK_EQUAL(reservation->Renew(), 0);
}

}  // namespace test
}  // namespace offheap
