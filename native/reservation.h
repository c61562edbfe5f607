// A reservation: the memory of one arena. A range of `capacity` bytes of which a prefix is committed, under an address
// that stays until the arena starts over. No Node-API here.
#pragma once

#include "span.h"

namespace offheap {

// Sizes are bytes and need no rounding by the caller: what is committed is rounded outward to pages, what is
// discarded inward, empty ranges are no-ops, and a range beyond what it lies in is EINVAL.
//
// A reservation is used by one thread at a time.
class Reservation {
 public:
  // Capacity 0 makes no system call.
  static vm::Error Create(size_t capacity, Kind kind, Reservation** reservation);

  // Leaves the span as it is for the exposures that remain: their contents stay.
  ~Reservation();

  // Makes the prefix that is readable and writable at least `size` bytes long.
  vm::Error Commit(size_t size);

  // Hands out the first `size` bytes, which must be committed, for an exposure. Its holder releases `*span` when
  // nothing can reach the memory any more.
  vm::Error Expose(size_t size, uint8_t** address, Span** span);

  // The same of only what lies between two offsets.
  vm::Error ExposePart(size_t from, size_t to, uint8_t** address, Span** span);

  // Starts over at another address, with as much committed as before, or less where the last rounds needed far less,
  // and with contents undefined. Exposures stay valid, over memory that nobody else will get, zero where
  // facts().discard_zeroes says so. Where the system can move pages, the physical memory comes along, so that the next
  // round finds it warm. A failure has changed nothing, except that where the process has no mappings left, or in a
  // race with another thread's mmap, `Commit` may refuse to grow until the next success.
  vm::Error Renew();

  // Gives the physical memory between two offsets back; it stays committed.
  vm::Error Discard(size_t from, size_t to);

  // Gives all physical memory back at once, contents included, and leaves. The destructor then does nothing.
  void Dispose();

  vm::Error Resident(size_t* bytes) const;

  size_t capacity() const { return capacity_; }
  size_t committed() const { return committed_; }
  const uint8_t* base() const { return base_; }

  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

 private:
  Reservation(size_t capacity, size_t reserved, Kind kind) : capacity_(capacity), reserved_(reserved), kind_(kind) {}

  vm::Error CreateSpan(size_t slack, Span** span, uint8_t** base) const;
  static size_t StepSize(size_t size);
  size_t SizeToKeep() const;
  vm::Error Slide(size_t step);
  vm::Error Relocate(bool warm);
  void Leave(bool discard, size_t moved = 0);
  void FuseVacated(uint8_t* end);
  void AdviseHuge();
  size_t CountPieces() const;
  void CountMappings();

  const size_t capacity_;  // as asked for
  const size_t reserved_;  // the same in whole pages
  const Kind kind_;
  Span* span_ = nullptr;
  uint8_t* base_ = nullptr;
  size_t committed_ = 0;
  size_t exposed_ = 0;  // the longest exposure at this base
  size_t longest_ = 0;  // and along this span

  // Along the span behind `base_` lie the pieces it has moved away from, and what was left out for alignment: up to
  // `fused_` one mapping, then `unfused_` of them.
  uint8_t* fused_ = nullptr;
  size_t unfused_ = 0;
  bool moved_ = false;   // the committed pages came from another address
  bool pieced_ = false;  // and more were committed after that, which makes them two mappings, too many for one move
};

}  // namespace offheap
