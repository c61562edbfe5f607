#include "shared_reservation.h"

#include <errno.h>
#include <string.h>

#include <new>

namespace offheap {

namespace {

// The registry. There are a handful of them in a process, so a list will do.
std::mutex registry_mutex;
SharedReservation* newest = nullptr;

}  // namespace

SharedReservation* SharedReservation::FindLocked(const Key& key) {
  SharedReservation* shared = newest;
  while (shared != nullptr && memcmp(shared->key_.text, key.text, Key::kLength) != 0) {
    shared = shared->next_;
  }
  return shared;
}

vm::Error SharedReservation::Create(const Key& key, size_t capacity, SharedReservation** shared) {
  const std::lock_guard<std::mutex> lock(registry_mutex);
  if (FindLocked(key) != nullptr) {
    return EEXIST;
  }
  SharedReservation* created = new (std::nothrow) SharedReservation(key, capacity);
  if (created == nullptr) {
    return ENOMEM;
  }
  created->next_ = newest;
  if (newest != nullptr) {
    newest->previous_ = created;
  }
  newest = created;
  *shared = created;
  return 0;
}

SharedReservation* SharedReservation::Find(const Key& key) {
  const std::lock_guard<std::mutex> lock(registry_mutex);
  SharedReservation* shared = FindLocked(key);
  if (shared != nullptr) {
    shared->holders_++;
  }
  return shared;
}

void SharedReservation::Release() {
  {
    const std::lock_guard<std::mutex> lock(registry_mutex);
    if (--holders_ > 0) {
      return;
    }
    (previous_ != nullptr ? previous_->next_ : newest) = next_;
    if (next_ != nullptr) {
      next_->previous_ = previous_;
    }
  }
  delete this;
}

SharedReservation::~SharedReservation() {
  delete reservation_;
}

vm::Error SharedReservation::Reserve() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return reservation_ != nullptr ? 0 : Reservation::Create(capacity_, Kind::kBumpAlloc, &reservation_);
}

vm::Error SharedReservation::Commit(size_t size) {
  if (size <= committed_.load(std::memory_order_acquire)) {
    return 0;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (reservation_ == nullptr) {
    return EINVAL;
  }
  const vm::Error error = reservation_->Commit(size);
  committed_.store(reservation_->committed(), std::memory_order_release);
  return error;
}

vm::Error SharedReservation::Expose(size_t size, uint8_t** address, Span** span) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return reservation_ == nullptr ? EINVAL : reservation_->Expose(size, address, span);
}

vm::Error SharedReservation::ExposePart(size_t from, size_t to, uint8_t** address, Span** span) {
  if (from >= to) {
    return EINVAL;
  }
  const vm::Error error = Expose(to, address, span);
  if (error == 0) {
    *address += from;
  }
  return error;
}

// Asking about every page takes a while, and must keep nobody waiting.
vm::Error SharedReservation::Resident(size_t* bytes) {
  const uint8_t* base = nullptr;
  size_t size = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (reservation_ != nullptr) {
      base = reservation_->base();
      size = reservation_->committed();
    }
  }
  *bytes = 0;
  return size == 0 ? 0 : vm::resident(base, size, bytes);
}

bool SharedReservation::Take(size_t from, size_t to) {
  if (from >= to || to > capacity_ || to > committed_.load(std::memory_order_acquire)) {
    return false;
  }
  return taken_.compare_exchange_strong(from, to, std::memory_order_acq_rel, std::memory_order_acquire);
}

}  // namespace offheap
