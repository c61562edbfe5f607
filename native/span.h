// A span: one range of addresses, claimed by one `vm::reserve`, and the count of those who may still touch it.
#pragma once

#include <atomic>

#include "vm/vm.h"

namespace offheap {

// What a reservation serves, for the accounts. lib/native/contract.ts has the same numbers.
enum class Kind : uint8_t { kArena, kTypedArena, kBumpAlloc, kPool, kCount };

// What the whole process holds, in bytes, for one kind.
struct Usage {
  size_t reserved;   // by live reservations
  size_t committed;  // by live reservations
  size_t resident;   // physical memory behind all of it, retired spans included
  size_t retired;    // left by their reservations, waiting for the last exposure to die
};

// The owner, a Reservation, holds a span until it leaves; every exposure over it holds it until it is dead. Who lets
// go last unmaps it. The counts are atomic, since a worker's exposures may outlive the thread that reserved.
class Span {
 public:
  // Claims at least `size` bytes. Answers ENOMEM, too, when the process would come to hold more mappings than half of
  // what the system allows: past the whole, its other users fail, Node's own garbage collector among them.
  static vm::Error Create(size_t size, Kind kind, Span** span);

  uint8_t* begin() const { return begin_; }
  uint8_t* end() const { return end_; }

  void Retain() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void Release();

  // The owner goes. What lies above `keep` has never been exposed and is given back now; the rest is made of this many
  // mappings, and holds so many bytes of contents, which `SubtractCommitted` has left charged.
  void Leave(uint8_t* keep, size_t mappings_kept = 1, size_t contents = 0);

  // The addresses from `from` to `to` may be somebody else's by now: forgets them, and gives back all above them.
  void Abandon(uint8_t* from, uint8_t* to);

  // For the accounts: up to where physical memory may be, and how many mappings the span is made of.
  void SetTouched(uint8_t* end);
  void SetMappings(size_t count);

  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  friend Usage MeasureUsage(Kind kind);

  Span(uint8_t* begin, size_t size, Kind kind);
  ~Span();

  uint8_t* const begin_;
  uint8_t* end_;
  bool retired_ = false;  // its owner has left
  const Kind kind_;
  size_t mappings_ = 0;
  size_t contents_ = 0;  // bytes, charged until the last holder lets go
  std::atomic<size_t> holders_{1};
  std::atomic<uint8_t*> touched_;
  Span* previous_ = nullptr;
  Span* next_ = nullptr;
};

Usage MeasureUsage(Kind kind);

// Charges bytes that are about to be committed, so that no two threads take the same room. Beyond the limit it is
// ENOMEM, and nothing has changed.
vm::Error AddCommitted(Kind kind, size_t bytes);
// These bytes are committed no more. `contents` of them stay charged: they lie in a span that is being left.
void SubtractCommitted(Kind kind, size_t bytes, size_t contents = 0);

// What the process holds that the system may have to back without being asked again, in bytes: what live reservations
// have committed, and the contents of what was left without having been disposed of. Retired memory without contents is
// not in it, or every renew would count until a garbage collection.
size_t ChargedBytes();

// How much may be charged, in bytes; SIZE_MAX at first, and for no limit. It may be below what is charged: then nothing
// more is committed, and that is all.
size_t MemoryLimit();
void SetMemoryLimit(size_t bytes);
// Does nothing once a limit was set: each thread that loads the addon calls it.
void SetDefaultMemoryLimit(size_t bytes);

// Mappings held by all spans, and how many they may hold.
size_t CountMappings();
size_t MaxMappings();

}  // namespace offheap
