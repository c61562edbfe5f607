// A reservation that every thread of the process may use at once, and the registry through which they find it. No
// Node-API here.
#pragma once

#include <atomic>
#include <mutex>

#include "reservation.h"

namespace offheap {

// What a thread has to know to find one. Drawn by chance, so that nobody finds one by guessing.
struct Key {
  static constexpr size_t kLength = 32;
  char text[kLength];
};

// Nothing is reserved before `Reserve`. A bump pointer goes through the memory: `taken` bytes of it belong to somebody,
// and never to anybody else again.
class SharedReservation {
 public:
  // Enters one into the registry; its holder releases it. EEXIST where the key is in use.
  static vm::Error Create(const Key& key, size_t capacity, SharedReservation** shared);

  // Holds the one with this key as well, or answers null: there never was one, or its last holder has released it.
  static SharedReservation* Find(const Key& key);

  // The last holder takes it out of the registry. Exposures stay valid, with their contents.
  void Release();

  // Claims the addresses, if that has not been done. After a refusal it can be tried again.
  vm::Error Reserve();

  // As those of Reservation. Before `Reserve` there is nothing to commit or to expose, which is EINVAL, and nothing
  // resident.
  vm::Error Commit(size_t size);
  vm::Error Expose(size_t size, uint8_t** address, Span** span);
  // Only what lies between two offsets.
  vm::Error ExposePart(size_t from, size_t to, uint8_t** address, Span** span);
  vm::Error Resident(size_t* bytes);

  size_t capacity() const { return capacity_; }

  // Bytes that have been taken. Never goes back.
  size_t taken() const { return taken_.load(std::memory_order_acquire); }

  // Takes what lies between two offsets, or nothing: false where somebody has been quicker, and `from` is not where the
  // pointer is; also for a range that is empty, or goes beyond what is committed.
  bool Take(size_t from, size_t to);

  SharedReservation(const SharedReservation&) = delete;
  SharedReservation& operator=(const SharedReservation&) = delete;

 private:
  SharedReservation(const Key& key, size_t capacity) : key_(key), capacity_(capacity) {}
  ~SharedReservation();

  static SharedReservation* FindLocked(const Key& key);

  const Key key_;
  const size_t capacity_;
  std::atomic<size_t> taken_{0};
  std::atomic<size_t> committed_{0};

  // Guards what follows. Whoever takes a chunk needs it only where the memory has to grow.
  std::mutex mutex_;
  Reservation* reservation_ = nullptr;

  // Guarded by the registry's.
  size_t holders_ = 1;
  SharedReservation* previous_ = nullptr;
  SharedReservation* next_ = nullptr;
};

}  // namespace offheap
