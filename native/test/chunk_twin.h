// The protocol of lib/arena/chunk.ts, over those of lib/memory/shared-region.ts and lib/memory/growth.ts, line by line:
// no sanitizer sees what a JIT has compiled, and no test can stop it between two steps. What changes there has to
// change here. Where they throw, this answers as if there were no room: either way nothing may have been taken.
//
// `Memory` is SharedReservation, or what a test puts in its place. At the end, what a test needs for a schedule of its
// own.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "shared_reservation.h"
#include "test.h"

namespace offheap {
namespace test {

// Signed, as differences of JavaScript's are.
using Number = int64_t;

// Of Chunk.
constexpr Number kChunk = 64 * 1024;
constexpr Number kChunks = 16;
constexpr Number kSmall = 4;
constexpr Number kBaseAlign = 4 * 1024;
constexpr Number kNoRoom = -1;
constexpr Number kAgain = -2;

// Of growth.ts.
constexpr Number kStep = 64 * 1024;

inline Number AlignUp(Number offset, Number align) {
  return offset + ((align - offset) & (align - 1));
}

inline Number AlignDown(Number offset, Number align) {
  return offset - (offset & (align - 1));
}

template <typename Memory>
Number CommitMore(Memory* memory, Number committed, Number capacity, Number end, Number step) {
  const Number page_size = static_cast<Number>(vm::facts().page_size);
  const Number huge_page_size = static_cast<Number>(vm::facts().huge_page_size);
  const Number wanted = std::max(end, 2 * committed);
  const Number unit = huge_page_size != 0 && wanted > huge_page_size ? huge_page_size : kStep;
  const Number steps = (wanted + step - 1) / step * step;
  Number target = std::min(AlignUp(steps, unit), capacity);
  while (memory->Commit(static_cast<size_t>(target)) != 0) {
    if (target == end) {
      return committed;
    }
    target = std::max(end, committed + (target - committed) / 2);
  }
  return AlignUp(target, page_size);
}

// What one thread has of the memory: SharedRegion, without what it does when a buffer is taken away.
template <typename Memory>
class Region {
 public:
  explicit Region(Memory* memory) : memory_(memory), capacity_(static_cast<Number>(memory->capacity())) {}

  ~Region() {
    if (span_ != nullptr) {
      span_->Release();
    }
  }

  Number capacity() const { return capacity_; }

  // Where `buffer` begins. It need not be asked for anew: a later exposure is longer, at the same address.
  uint8_t* address() const { return address_; }
  Number length() const { return length_; }

  bool Grow(Number end) {
    if (end > committed_) {
      if (!reserved_ && memory_->Reserve() != 0) {
        return false;
      }
      reserved_ = true;
      committed_ = CommitMore(memory_, committed_, capacity_, end, kStep);
      if (end > committed_) {
        return false;
      }
    }
    return length_ >= end || Expose();
  }

  Number Taken() { return static_cast<Number>(memory_->taken()); }

  bool Take(Number from, Number to) { return memory_->Take(static_cast<size_t>(from), static_cast<size_t>(to)); }

  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

 private:
  bool Expose() {
    const Number length = std::min(committed_, capacity_);
    Span* span = nullptr;
    if (memory_->Expose(static_cast<size_t>(length), &address_, &span) != 0) {
      return false;
    }
    length_ = length;
    // The garbage collector may come at once.
    if (span_ != nullptr) {
      span_->Release();
    }
    span_ = span;
    return true;
  }

  Memory* const memory_;
  const Number capacity_;
  bool reserved_ = false;
  Number committed_ = 0;
  Number length_ = 0;
  uint8_t* address_ = nullptr;
  Span* span_ = nullptr;
};

template <typename Memory>
class Chunk {
 public:
  explicit Chunk(Region<Memory>* region)
      : region_(region), size_(std::min(kChunk, AlignUp((region->capacity() + kChunks - 1) / kChunks, 64))) {}

  Number start() const { return base_ + position_; }
  Number end() const { return base_ + limit_; }

  Number Alloc(Number size, Number align) {
    const Number position = AlignUp(position_, align);
    const Number end = position + size;
    if (end <= limit_ && align <= kBaseAlign) {
      position_ = end;
      return base_ + position;
    }
    return AllocSlow(size, align);
  }

  bool Extend(Number block_end, Number size) {
    const Number start = this->start();
    const Number end = this->end();
    if (block_end != start) {
      return TakeBehind(block_end, size);
    }
    if (start + size <= end) {
      Set(start + size, end);
      return true;
    }
    return TakeFrom(end, size, 1) == start;
  }

  void GiveBack(Number start, Number end) {
    if (end == this->start()) {
      Set(std::max(start, first_), this->end());
    }
  }

  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

 private:
  void Set(Number start, Number end) {
    base_ = AlignDown(start, kBaseAlign);
    position_ = start - base_;
    limit_ = end - base_;
  }

  Number AllocSlow(Number size, Number align) {
    const Number start = this->start();
    const Number end = this->end();
    const Number offset = AlignUp(start, align);
    if (offset + size <= end) {
      Set(offset + size, end);
      return offset;
    }
    for (Number taken = end;; taken = region_->Taken()) {
      const Number result = TakeFrom(taken, size, align);
      if (result != kAgain) {
        return result;
      }
    }
  }

  Number TakeFrom(Number taken, Number size, Number align) {
    const Number start = this->start();
    const Number end = this->end();
    const Number left = end - start;
    const Number capacity = region_->capacity();
    const bool continues = taken == end;
    const Number offset = AlignUp(continues ? start : taken, align);
    if (size > capacity - offset) {
      return kNoRoom;
    }
    const Number block_end = offset + size;
    Number new_end = std::min(offset + size_, capacity);
    if (size * kSmall > size_ || !(continues || new_end - block_end >= left)) {
      new_end = block_end;
    }
    if (!region_->Grow(new_end)) {
      new_end = block_end;
      if (!region_->Grow(new_end)) {
        return kNoRoom;
      }
    }
    if (!region_->Take(taken, new_end)) {
      return kAgain;
    }
    if (continues || new_end - block_end >= left) {
      Set(block_end, new_end);
      first_ = continues ? first_ : taken;
    }
    return offset;
  }

  bool TakeBehind(Number block_end, Number size) {
    if (block_end != region_->Taken() || size > region_->capacity() - block_end) {
      return false;
    }
    return region_->Grow(block_end + size) && region_->Take(block_end, block_end + size);
  }

  Region<Memory>* const region_;
  const Number size_;
  Number position_ = 0;
  Number limit_ = 0;
  Number base_ = 0;
  Number first_ = 0;
};

struct ReleaseHolder {
  void operator()(SharedReservation* shared) const { shared->Release(); }
};
using Holder = std::unique_ptr<SharedReservation, ReleaseHolder>;

inline Holder Share(Number capacity) {
  Key key;
  memset(key.text, 'k', Key::kLength);
  SharedReservation* shared = nullptr;
  CHECK_EQUAL(SharedReservation::Create(key, static_cast<size_t>(capacity), &shared), 0);
  return Holder(shared);
}

struct Block {
  Number offset;
  Number size;
};

// The same numbers for the same seed, on every system.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  Number Below(Number limit) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t bits = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return static_cast<Number>((bits ^ (bits >> 31)) % static_cast<uint64_t>(limit));
  }

  Number From(Number first, Number last) { return first + Below(last - first + 1); }
  bool OneIn(Number count) { return Below(count) == 0; }

 private:
  uint64_t state_;
};

// Lets one of several threads go on at a time; each hands over before its next step, to one that is chosen by chance.
// After Rust's shuttle.
class Turns {
 public:
  // A thread makes `patience` steps in a row on average, and one that may be stopped, 40 in all.
  Turns(Random* random, size_t count, Number patience, bool stops)
      : random_(random), patience_(patience), stops_(stops), seats_(count) {
    PassOn();
  }

  void Begin(size_t self) {
    std::unique_lock<std::mutex> lock(mutex_);
    Await(self, &lock);
  }

  // False where the thread has been stopped for good; it hears of that when no other one is left.
  bool Next(size_t self) {
    std::unique_lock<std::mutex> lock(mutex_);
    State& state = seats_[self].state;
    if (state == State::kReady) {
      state = stops_ && random_->OneIn(40) ? State::kStopped : State::kReady;
      if (state == State::kStopped || random_->OneIn(patience_)) {
        PassOn();
        Await(self, &lock);
      }
    }
    return state == State::kReady;
  }

  void End(size_t self) {
    const std::lock_guard<std::mutex> lock(mutex_);
    seats_[self].state = State::kDone;
    PassOn();
  }

  // Differs, most likely, where the turns have.
  uint64_t order() const { return order_; }

 private:
  enum class State { kReady, kStopped, kDone };

  struct Seat {
    State state = State::kReady;
    std::condition_variable turn;
  };

  void Await(size_t self, std::unique_lock<std::mutex>* lock) {
    seats_[self].turn.wait(*lock, [this, self] { return turn_ == self; });
  }

  void PassOn() {
    for (const State state : {State::kReady, State::kStopped}) {
      std::vector<size_t> candidates;
      for (size_t i = 0; i < seats_.size(); i++) {
        if (seats_[i].state == state) {
          candidates.push_back(i);
        }
      }
      if (!candidates.empty()) {
        turn_ = candidates[static_cast<size_t>(random_->Below(static_cast<Number>(candidates.size())))];
        order_ = order_ * 31 + turn_;
        seats_[turn_].turn.notify_one();
        return;
      }
    }
  }

  Random* const random_;
  const Number patience_;
  const bool stops_;
  std::mutex mutex_;
  std::vector<Seat> seats_;
  size_t turn_ = 0;
  uint64_t order_ = 0;
};

// What is true of all threads together. Only who has the turn touches it.
struct World {
  explicit World(uint64_t number)
      : seed(number),
        random(number),
        count(static_cast<size_t>(random.From(1, 4))),
        patience(random.From(1, 4)),
        turns(&random, count, patience, random.OneIn(2)),
        refusals(random.OneIn(2) ? 0 : random.From(1, 100)),
        shared(Share(random.From(1, kCapacities[random.Below(4)]))) {}

  void Holds(bool holds, const char* what) {
    if (!holds) {
      fprintf(stderr, "seed %llu, after %zu steps: ", static_cast<unsigned long long>(seed), steps);
      Check(false, what, __FILE__, __LINE__);
    }
  }

  static constexpr Number kCapacities[] = {100, 2000, 200000, 2000000};

  const uint64_t seed;
  Random random;
  const size_t count;
  const Number patience;
  Turns turns;
  const Number refusals;  // of 100 calls that may be refused
  const Holder shared;
  size_t steps = 0;
  size_t pointer = 0;
  std::map<Number, std::pair<Number, uint8_t>> blocks;  // by their offsets: the end, and the mark
};

}  // namespace test
}  // namespace offheap
