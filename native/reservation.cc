#include "reservation.h"

#include <errno.h>
#include <stdint.h>

#include <new>

namespace offheap {

namespace {

// A span takes this many moves before the next one is claimed ...
constexpr size_t kStepsPerSpan = 64;
// ... unless they are so large that this many bytes hold fewer: address space is plentiful, not endless.
constexpr size_t kMaxSlack = sizeof(void*) > 4 ? size_t{64} << 30 : size_t{64} << 20;
// Every move leaves a mapping behind, or two; this many are made one by one call. One call for each move would cost
// more than the move, and many more would come near the system's limit with a few thousand arenas.
constexpr size_t kMappingsPerFuse = 16;
// How many times more than needed may stay committed.
constexpr size_t kMaxExcess = 4;

// SIZE_MAX where the result would not fit.
size_t RoundUp(size_t size, size_t unit) {
  const size_t rest = size % unit;
  if (rest == 0) {
    return size;
  }
  return size > SIZE_MAX - (unit - rest) ? SIZE_MAX : size + (unit - rest);
}

size_t RoundDown(size_t size, size_t unit) {
  return size - size % unit;
}

size_t Page() {
  return vm::facts().page_size;
}

bool MappingsRunShort() {
  return CountMappings() > MaxMappings() / 2;
}

}  // namespace

vm::Error Reservation::Create(size_t capacity, Kind kind, Reservation** result) {
  const size_t reserved = RoundUp(capacity, Page());
  if (reserved == SIZE_MAX) {
    return ENOMEM;
  }
  Reservation* reservation = new (std::nothrow) Reservation(capacity, reserved, kind);
  if (reservation == nullptr) {
    return ENOMEM;
  }
  if (reserved > 0) {
    const vm::Error error = reservation->CreateSpan(0, &reservation->span_, &reservation->base_);
    if (error != 0) {
      delete reservation;
      return error;
    }
    reservation->fused_ = reservation->span_->begin();
  }
  *result = reservation;
  return 0;
}

Reservation::~Reservation() {
  Leave(false);
}

// Aligned to huge pages where they may come to be used, so that every move, a multiple of them then, keeps them whole.
vm::Error Reservation::CreateSpan(size_t slack, Span** span, uint8_t** base) const {
  const size_t huge = vm::facts().huge_page_size;
  const size_t alignment = huge != 0 && reserved_ >= huge ? huge : 0;
  if (reserved_ > SIZE_MAX - slack - alignment) {
    return ENOMEM;
  }
  const vm::Error error = Span::Create(reserved_ + slack + alignment, kind_, span);
  if (error != 0) {
    return error;
  }
  uint8_t* begin = (*span)->begin();
  const size_t beyond = alignment == 0 ? 0 : reinterpret_cast<uintptr_t>(begin) % alignment;
  *base = beyond == 0 ? begin : begin + (alignment - beyond);
  return 0;
}

vm::Error Reservation::Commit(size_t size) {
  if (size > capacity_) {
    return EINVAL;
  }
  if (size <= committed_) {
    return 0;
  }
  const size_t target = RoundUp(size, Page());
  if (target > static_cast<size_t>(span_->end() - base_)) {
    return ENOMEM;  // part of the span was lost in a failed move
  }
  const size_t more = target - committed_;
  if (const vm::Error error = AddCommitted(kind_, more)) {
    return error;
  }
  if (const vm::Error error = vm::commit(base_ + committed_, more)) {
    SubtractCommitted(kind_, more);
    return error;
  }
  pieced_ = moved_;
  committed_ = target;
  span_->SetTouched(base_ + committed_);
  CountMappings();
  AdviseHuge();
  return 0;
}

// Asked for in a smaller arena, huge pages would let the kernel back whole ones behind a few bytes. All the rest is
// included, since committed pages with and without the advice could not be one mapping.
void Reservation::AdviseHuge() {
  if (vm::facts().huge_page_size != 0 && committed_ > vm::facts().huge_page_size) {
    vm::advise_huge(base_, static_cast<size_t>(span_->end() - base_));
  }
}

vm::Error Reservation::Expose(size_t size, uint8_t** address, Span** span) {
  if (size == 0 || size > committed_) {
    return EINVAL;
  }
  exposed_ = size > exposed_ ? size : exposed_;
  longest_ = size > longest_ ? size : longest_;
  span_->Retain();
  *address = base_;
  *span = span_;
  return 0;
}

vm::Error Reservation::ExposePart(size_t from, size_t to, uint8_t** address, Span** span) {
  if (from >= to) {
    return EINVAL;
  }
  const vm::Error error = Expose(to, address, span);
  if (error == 0) {
    *address += from;
  }
  return error;
}

vm::Error Reservation::Renew() {
  if (exposed_ == 0) {
    return 0;  // nobody has seen this address
  }
  if (!vm::facts().can_move || pieced_) {
    return Relocate(false);
  }
  const size_t step = StepSize(committed_);
  const size_t room = static_cast<size_t>(span_->end() - base_);
  return room >= step && room - step >= reserved_ ? Slide(step) : Relocate(true);
}

// How far the base goes in one move of this many bytes: past them all, since source and target must not overlap.
size_t Reservation::StepSize(size_t size) {
  const size_t huge = vm::facts().huge_page_size;
  return huge != 0 && size > huge ? RoundUp(size, huge) : size;
}

// One large round must not make every later one move, and leave behind, as much. What no round along a whole span has
// come near to is given up with the span.
size_t Reservation::SizeToKeep() const {
  const size_t needed = RoundUp(longest_, Page());
  return needed < committed_ / kMaxExcess ? needed : committed_;
}

vm::Error Reservation::Slide(size_t step) {
  if (offheap::CountMappings() >= MaxMappings()) {
    return ENOMEM;
  }
  uint8_t* target = base_ + step;
  bool target_kept = true;
  const vm::Error error = vm::move(base_, committed_, target, &target_kept);
  if (error != 0) {
    if (!target_kept) {
      span_->Abandon(target, target + committed_);
    }
    return error;
  }
  base_ = target;
  exposed_ = 0;
  moved_ = true;
  unfused_ += step > committed_ ? 2 : 1;  // with what lies between the end of the source and the target
  span_->SetTouched(base_ + committed_);
  if (unfused_ >= kMappingsPerFuse || MappingsRunShort()) {
    FuseVacated(base_);
  }
  CountMappings();
  return 0;
}

vm::Error Reservation::Relocate(bool warm) {
  const size_t size = SizeToKeep();
  const size_t step = StepSize(size);
  const size_t steps = kMaxSlack / step < kStepsPerSpan ? kMaxSlack / step : kStepsPerSpan;
  Span* span = nullptr;
  uint8_t* base = nullptr;
  vm::Error error = vm::facts().can_move ? CreateSpan(steps * step, &span, &base) : ENOMEM;
  if (error != 0) {
    error = CreateSpan(0, &span, &base);  // room for no more moves, but room
  }
  if (error != 0) {
    return error;
  }
  // First of all, though a move does not need it: where mappings or memory have run out, this is refused without loss,
  // and a move may lose its target.
  error = vm::commit(base, size);
  bool target_kept = true;
  const bool moved = error == 0 && warm && vm::move(base_, size, base, &target_kept) == 0;
  if (error == 0 && warm && !moved) {
    error = target_kept ? vm::commit(base, size) : ENOMEM;
  }
  if (error != 0) {
    if (!target_kept) {
      span->Abandon(base, base + size);
    }
    span->Leave(span->begin());
    return error;
  }
  // Never more than before, so there is nothing to charge: a process at its limit can renew.
  Leave(true, size);
  span_ = span;
  base_ = base;
  committed_ = size;
  fused_ = span->begin();
  moved_ = moved;
  span_->SetTouched(base_ + committed_);
  CountMappings();
  AdviseHuge();
  return 0;
}

vm::Error Reservation::Discard(size_t from, size_t to) {
  if (from > to || to > committed_) {
    return EINVAL;
  }
  const size_t first = RoundUp(from, Page());
  const size_t last = RoundDown(to, Page());
  return first < last ? vm::discard(base_ + first, last - first) : 0;
}

void Reservation::Dispose() {
  Leave(true);
}

// The part that has been exposed must stay accessible until its exposures are dead; the rest goes now. `moved` bytes go
// on being committed, at another address.
void Reservation::Leave(bool discard, size_t moved) {
  if (span_ == nullptr) {
    return;
  }
  uint8_t* keep = span_->begin();
  if (exposed_ > 0 || unfused_ > 0 || fused_ > keep) {
    keep = base_ + RoundUp(exposed_, Page());
    if (discard) {
      fused_ = span_->begin();  // once more from there, since stale views may have written to it
    }
    FuseVacated(discard ? keep : base_);
  }
  const size_t contents = discard ? 0 : RoundUp(exposed_, Page());
  SubtractCommitted(kind_, committed_ - moved, contents);
  span_->Leave(keep, fused_ == keep ? 1 : CountPieces(), contents);
  span_ = nullptr;
  base_ = nullptr;
  committed_ = 0;
  exposed_ = 0;
  longest_ = 0;
  unfused_ = 0;
  moved_ = false;
  pieced_ = false;
}

// What lies behind the base is nobody's but the stale views', so its contents may go.
void Reservation::FuseVacated(uint8_t* end) {
  if (end <= fused_) {
    return;
  }
  const size_t size = static_cast<size_t>(end - fused_);
  if (vm::fuse(fused_, size) == 0) {
    fused_ = end;
    unfused_ = 0;
  } else {
    vm::discard(fused_, size);  // needs no mapping, where those have run out
  }
}

vm::Error Reservation::Resident(size_t* bytes) const {
  *bytes = 0;
  return committed_ == 0 ? 0 : vm::resident(base_, committed_, bytes);
}

// What lies behind the base, and what is committed, in one or two pieces.
size_t Reservation::CountPieces() const {
  const size_t behind = base_ > span_->begin() ? 1 + unfused_ : 0;
  return behind + (pieced_ ? 2 : 1);
}

// With what is reserved above them.
void Reservation::CountMappings() {
  span_->SetMappings(CountPieces() + 1);
}

}  // namespace offheap
