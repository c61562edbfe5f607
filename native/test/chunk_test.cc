#include <errno.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "chunk_twin.h"
#include "reservation_support.h"

namespace offheap {
namespace {

using namespace test;

// --- With threads between which a seed chooses at every step: first, since where they fail, others may hang ---------

// The memory as one thread sees it, which is all that it sees of others: handing over before each of these calls makes
// every interleaving possible.
class Steps {
 public:
  Steps(World* world, size_t self) : world_(world), self_(self) {}

  size_t capacity() const { return world_->shared->capacity(); }

  // To one that is stopped, everything is refused, so that it comes to its end without having touched anything.
  size_t taken() { return Next() ? world_->shared->taken() : SIZE_MAX / 4; }

  bool Take(size_t from, size_t to) {
    if (!Next()) {
      return false;
    }
    const bool in_time = world_->shared->taken() == from;
    const bool taken = world_->shared->Take(from, to);
    world_->Holds(taken == in_time, "whoever is in time takes, and nobody else");
    if (taken) {
      if (ranges.empty() || ranges.back().offset + ranges.back().size != static_cast<Number>(from)) {
        ranges.push_back({static_cast<Number>(from), 0});
      }
      ranges.back().size += static_cast<Number>(to - from);
      sum += static_cast<Number>(to - from);
      Next();
    }
    return taken;
  }

  vm::Error Reserve() { return Refuses() ? ENOMEM : Grant(world_->shared->Reserve()); }
  vm::Error Commit(size_t size) { return Refuses() ? ENOMEM : Grant(world_->shared->Commit(size)); }
  vm::Error Expose(size_t size, uint8_t** address, Span** span) {
    return Refuses() ? ENOMEM : Grant(world_->shared->Expose(size, address, span));
  }

  bool alive = true;
  bool refused = false;       // the system has refused memory, last of all
  std::vector<Block> ranges;  // that have been taken, and
  Number sum = 0;             // of their sizes

 private:
  bool Next() {
    alive = alive && world_->turns.Next(self_);
    world_->steps++;
    const size_t pointer = world_->shared->taken();
    world_->Holds(pointer >= world_->pointer && pointer <= capacity(), "the pointer only goes up");
    world_->pointer = pointer;
    return alive;
  }

  bool Refuses() { return refused = !Next() || world_->random.Below(100) < world_->refusals; }

  vm::Error Grant(vm::Error error) {
    world_->Holds(error == 0, "the memory itself refuses nothing");
    return error;
  }

  World* const world_;
  const size_t self_;
};

class SteppedThread {
 public:
  SteppedThread(World* world, size_t self)
      : world_(world), mark_(static_cast<uint8_t>(self + 1)), steps_(world, self), region_(&steps_), chunk_(&region_) {}

  void Run() {
    const bool alone = world_->count == 1;
    for (int i = 0; i < 30 && steps_.alive; i++) {
      steps_.refused = false;
      const Number kind = Below(16);
      if (kind < 3 && end_ > 0) {
        kind == 0 ? GiveBack() : Extend(1 + Below(Below(2) == 0 ? 16 : region_.capacity()));
      } else {
        const Number part = kind < 13 ? region_.capacity() / 64 + 1 : region_.capacity() / 2 + 1;
        const Number size = kind == 15 ? (Number{1} << 53) - 1 : 1 + Below(part);
        Alloc(size, Number{1} << (alone || Below(2) == 0 ? 0 : Below(17)));
      }
      if (alone && steps_.alive) {
        Holds(used_ == chunk_.start(), "a thread by itself loses nothing");
      }
    }
  }

 private:
  void Alloc(Number size, Number align) {
    const State before = Current();
    const Number start = chunk_.start();
    const Number offset = chunk_.Alloc(size, align);
    if (!steps_.alive) {
      return;
    }
    if (offset < 0) {
      const Number own = AlignUp(chunk_.start(), align);
      Holds(own + size > chunk_.end(), "a request is not refused where the chunk has room");
      CheckRefused(size, Pointer() == chunk_.end() ? own : AlignUp(Pointer(), align), before);
      return;
    }
    Holds(offset % align == 0, "a block is aligned");
    const auto next = world_->blocks.emplace(offset, std::make_pair(offset, mark_)).first;
    Holds(next == world_->blocks.begin() || std::prev(next)->second.first <= offset, "blocks do not overlap");
    start_ = start;
    offset_ = offset;
    end_ = offset;
    Own(size);
  }

  void Extend(Number size) {
    const State before = Current();
    const bool in_chunk = end_ == chunk_.start();
    const bool extended = chunk_.Extend(end_, size);
    if (!steps_.alive) {
      return;
    }
    if (extended) {
      const State& now = Current();
      Holds(in_chunk ? now[0] == end_ + size : now[0] == before[0] && now[1] == before[1],
            "a block is extended by what was asked for");
      Own(size);
      return;
    }
    Holds(!in_chunk || end_ + size > chunk_.end(), "a block is extended where the chunk has room");
    CheckRefused(size, end_, before, Pointer() != (in_chunk ? chunk_.end() : end_));
  }

  void GiveBack() {
    if (end_ == chunk_.start()) {
      memset(region_.address() + offset_, 0, static_cast<size_t>(end_ - offset_));
      chunk_.GiveBack(start_, end_);
      world_->blocks.erase(offset_);
      used_ -= end_ - offset_;
      end_ = 0;
    }
  }

  // The last block's, behind what it has.
  void Own(Number size) {
    const Number from = end_;
    end_ += size;
    used_ += size;
    const auto block = world_->blocks.find(offset_);
    block->second.first = end_;
    Holds(std::next(block) == world_->blocks.end() || std::next(block)->first >= end_, "blocks do not overlap");
    bool mine = false;
    for (const Block& range : steps_.ranges) {
      mine = mine || (range.offset <= offset_ && end_ <= range.offset + range.size);
    }
    Holds(mine, "a block is in what its thread has taken");
    Holds(region_.length() >= end_, "a block can be reached");
    uint8_t* const bytes = region_.address();
    Holds(bytes[from] == 0 && bytes[end_ - 1] == 0, "a block is fresh");
    bytes[from] = bytes[end_ - 1] = mark_;
  }

  // Nobody else has had a turn since the request was decided.
  Number Pointer() const { return static_cast<Number>(world_->shared->taken()); }

  // Of what a request may change, everything.
  using State = std::array<Number, 3>;
  State Current() const { return {chunk_.start(), chunk_.end(), steps_.sum}; }

  // `first` is where the block would have begun.
  void CheckRefused(Number size, Number first, const State& before, bool followed = false) {
    const bool no_room = followed || size > region_.capacity() - first;
    Holds(no_room || steps_.refused, "a request is refused for want of room or memory only");
    Holds(no_room || first + size > region_.length(),
          "what has memory is served, if there is no more for a whole chunk");
    Holds(Current() == before, "a request that is refused has changed nothing");
  }

  Number Below(Number limit) { return world_->random.Below(limit); }
  void Holds(bool holds, const char* what) { world_->Holds(holds, what); }

  World* const world_;
  const uint8_t mark_;
  Steps steps_;
  Region<Steps> region_;
  Chunk<Steps> chunk_;
  Number start_ = 0;   // of the chunk's rest, before the last block
  Number offset_ = 0;  // of the last block
  Number end_ = 0;     // and its end; 0 where there is none
  Number used_ = 0;
};

// Answers what differs, most likely, where the order of steps does.
uint64_t Simulate(uint64_t seed) {
  World world(seed);
  std::vector<std::thread> threads;
  for (size_t self = 0; self < world.count; self++) {
    threads.emplace_back([&world, self] {
      world.turns.Begin(self);
      SteppedThread(&world, self).Run();
      world.turns.End(self);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (!world.blocks.empty()) {
    Exposure exposure;
    CHECK_EQUAL(world.shared->Expose(world.shared->taken(), &exposure.address, &exposure.span), 0);
    for (const auto& [offset, block] : world.blocks) {
      const auto [end, mark] = block;
      world.Holds(exposure.address[offset] == mark && exposure.address[end - 1] == mark, "a block keeps its contents");
    }
    exposure.Release();
  }
  return world.turns.order() * 31 + world.shared->taken();
}

TEST("in whatever order threads make their steps, are refused memory or stopped, nothing is lost or had twice") {
  const uint64_t seeds = probe::RunsUnderTool() ? 2000 : 8000;
  for (uint64_t seed = 0; seed < seeds; seed++) {
    const uint64_t order = Simulate(seed);
    // A seed that fails has to fail again.
    CHECK(seed >= 20 || Simulate(seed) == order);
  }
}

// --- With threads as the system runs them ---------------------------------------------------------------------------

struct Worker {
  Worker(SharedReservation* shared, size_t number)
      : region(shared), chunk(&region), random(number), mark(static_cast<uint8_t>(number + 1)) {}

  bool Alloc(Number size, Number align) {
    const std::pair<Number, Number> before{chunk.start(), chunk.end()};
    const Number offset = chunk.Alloc(size, align);
    if (offset == kNoRoom) {
      CHECK(before == std::make_pair(chunk.start(), chunk.end()));
      return false;
    }
    CHECK_EQUAL(offset % align, 0);
    blocks.push_back({offset, 0});
    Write(size);
    return true;
  }

  void Extend(Number size) {
    const Block& last = blocks.back();
    if (chunk.Extend(last.offset + last.size, size)) {
      Write(size);
    }
  }

  // At the end of the last block.
  void Write(Number size) {
    Block& last = blocks.back();
    uint8_t* bytes = region.address() + last.offset + last.size;
    CHECK(IsAll(bytes, static_cast<size_t>(size), 0));
    memset(bytes, mark, static_cast<size_t>(size));
    last.size += size;
  }

  Region<SharedReservation> region;
  Chunk<SharedReservation> chunk;
  Random random;
  const uint8_t mark;
  std::vector<Block> blocks;
};

using Workers = std::vector<std::unique_ptr<Worker>>;
constexpr size_t kWorkers = 4;

// Has each of them do `job`, and after that, when all have done it, `look` at what they did.
template <typename Job, typename Look>
Workers RunWorkers(const Holder& shared, Job job, Look look) {
  Workers workers;
  for (size_t number = 0; number < kWorkers; number++) {
    workers.push_back(std::make_unique<Worker>(shared.get(), number));
  }
  std::atomic<size_t> arrived{0};
  const auto meet = [&arrived](size_t count) {
    for (arrived++; arrived < count;) {
      std::this_thread::yield();
    }
  };
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Worker>& worker : workers) {
    threads.emplace_back([&] {
      meet(kWorkers);
      job(worker.get());
      meet(2 * kWorkers);
      look(worker.get(), workers);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return workers;
}

void CheckEveryByte(Worker* self, const Workers& workers) {
  CHECK(self->region.Grow(self->region.Taken()));
  for (const std::unique_ptr<Worker>& worker : workers) {
    for (const Block& block : worker->blocks) {
      CHECK(IsAll(self->region.address() + block.offset, static_cast<size_t>(block.size), worker->mark));
    }
  }
}

// What all blocks take together.
Number SumOfDisjoint(const Workers& workers, const Holder& shared) {
  std::vector<Block> all;
  for (const std::unique_ptr<Worker>& worker : workers) {
    all.insert(all.end(), worker->blocks.begin(), worker->blocks.end());
  }
  std::sort(all.begin(), all.end(), [](const Block& a, const Block& b) { return a.offset < b.offset; });
  Number sum = 0;
  Number end = 0;
  for (const Block& block : all) {
    CHECK(block.offset >= end);
    end = block.offset + block.size;
    sum += block.size;
  }
  CHECK(end <= static_cast<Number>(shared->taken()));
  return sum;
}

TEST("many threads keep what they have written, and lose a third at most, and a chunk each, with small blocks") {
  const int count = probe::RunsUnderTool() ? 5000 : 20000;
  for (const bool small : {true, false}) {
    const Holder shared = Share(kGiB);
    const auto job = [count, small](Worker* worker) {
      Random& random = worker->random;
      for (int i = 0; i < count; i++) {
        const Number size = small || !random.OneIn(100) ? random.From(1, 300) : random.From(20 * 1024, 200 * 1024);
        CHECK(worker->Alloc(size, small ? 8 : Number{1} << random.Below(14)));
        if (!small && random.OneIn(8)) {
          worker->Extend(random.From(1, 3000));
        }
      }
    };
    const Number sum = SumOfDisjoint(RunWorkers(shared, job, CheckEveryByte), shared);
    CHECK(!small || static_cast<Number>(shared->taken()) <= sum * 3 / 2 + Number{kWorkers} * kChunk);
  }
}

TEST("threads that use up a small capacity leave nothing unaccounted") {
  for (const Number capacity : {1, 63, 64, 1000, 4096, 4097, 100000, 1048577}) {
    const Holder shared = Share(capacity);
    const Workers workers = RunWorkers(
        shared,
        [](Worker* worker) {
          for (Number size = 300; size > 0;) {
            size = worker->Alloc(worker->random.From(1, size), 1) ? size : size / 2;
          }
        },
        [capacity](Worker* worker, const Workers&) {
          for (int i = 0; i < 100; i++) {
            CHECK(!worker->Alloc(worker->random.From(1, 2 * capacity), 1));
            CHECK(!worker->Alloc((Number{1} << 53) - 1, 8));
          }
        });
    CHECK_EQUAL(shared->taken(), capacity);
    for (const std::unique_ptr<Worker>& worker : workers) {
      CHECK_EQUAL(worker->chunk.start(), worker->chunk.end());
    }
    // What is left of a chunk for the next one is less than what was asked for, a quarter of it at most.
    CHECK(SumOfDisjoint(workers, shared) * 4 > capacity * 3);
  }
}

TEST("a thread by itself loses nothing") {
  for (const Number capacity : {1, 63, 64, 1000, 4096, 100000, 1048577, 5000000}) {
    const Holder shared = Share(capacity);
    Worker worker(shared.get(), static_cast<size_t>(capacity));
    Number rest = capacity;
    while (rest > 0) {
      const Number size = std::min(rest, worker.random.From(1, worker.random.OneIn(20) ? 100000 : 300));
      CHECK(!worker.Alloc(rest + 1, 1));
      CHECK(worker.Alloc(size, 1));
      rest -= size;
      CHECK_EQUAL(worker.chunk.start(), capacity - rest);
    }
    CHECK_EQUAL(shared->taken(), capacity);
    CHECK(!worker.Alloc(1, 1));
  }
}

}  // namespace
}  // namespace offheap
