// What C++ takes for the work that bench/*.mjs measures in JavaScript. Linux and macOS.
//
//   bench [question...]    prints {"question": {"median": ns, "best": ns}, ...}; without arguments, all of them
//
// Every figure is per operation: the median and the best of several samples, after one that does not count.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory_resource>
#include <thread>
#include <vector>

#include "bump.h"

namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;
constexpr size_t kGiB = 1024 * kMiB;
constexpr size_t kPage = 4 * kKiB;
constexpr size_t kHugePage = 2 * kMiB;

constexpr size_t kSize = 24;
constexpr size_t kAlign = 8;
constexpr size_t kCapacity = kMiB;
constexpr size_t kCount = kCapacity / kSize;

struct Result {
  double median;
  double best;
};

using Sample = std::function<double()>;  // answers ns per operation

Result Summarize(const Sample& sample, int count) {
  sample();
  std::vector<double> samples;
  for (int i = 0; i < count; i++) {
    samples.push_back(sample());
  }
  std::sort(samples.begin(), samples.end());
  return {samples[samples.size() / 2], samples.front()};
}

template <typename Work>
double Time(size_t operations, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count() / operations;
}

// The compiler has to assume that the result is used, and that all memory it can be reached from has changed: what the
// caller of an allocator does with its block anyway.
inline void Use(const void* pointer) {
  asm volatile("" : : "r"(pointer) : "memory");
}

void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

uint8_t* Map(size_t size, int protection) {
  int flags = MAP_PRIVATE | MAP_ANON;
#ifdef MAP_NORESERVE
  flags |= MAP_NORESERVE;
#endif
  void* address = mmap(nullptr, size, protection, flags, -1, 0);
  if (address == MAP_FAILED) {
    Fail("mmap");
  }
  return static_cast<uint8_t*>(address);
}

void Unmap(uint8_t* address, size_t size) {
  if (munmap(address, size) != 0) {
    Fail("munmap");
  }
}

std::vector<uint8_t>& WarmMemory() {
  static std::vector<uint8_t> memory(kCapacity + kPage, 1);
  return memory;
}

// --- Allocation, 24 bytes at a time --------------------------------------------------------------------------------

double BumpInlined() {
  bench::Bump bump(WarmMemory().data(), kCapacity);
  Use(&bump);  // an arena lives in memory, not in the registers of one loop
  return Time(kCount, [&] {
    for (size_t i = 0; i < kCount; i++) {
      Use(bump.Allocate(kSize, kAlign));
    }
  });
}

double BumpCalled() {
  const auto allocator = bench::MakeBumpAllocator(WarmMemory().data(), kCapacity);
  return Time(kCount, [&] {
    for (size_t i = 0; i < kCount; i++) {
      Use(allocator->Allocate(kSize, kAlign));
    }
  });
}

double Pmr() {
  std::pmr::monotonic_buffer_resource resource(WarmMemory().data(), WarmMemory().size());
  std::pmr::memory_resource* allocator = &resource;
  Use(&allocator);
  return Time(kCount, [&] {
    for (size_t i = 0; i < kCount; i++) {
      Use(allocator->allocate(kSize, kAlign));
    }
  });
}

double MallocFree() {
  return Time(kCount, [] {
    for (size_t i = 0; i < kCount; i++) {
      void* block = std::malloc(kSize);
      Use(block);
      std::free(block);
    }
  });
}

// --- Allocation by several threads ---------------------------------------------------------------------------------

// What a bump allocator does that all threads share: one compare-and-swap for each allocation.
class AtomicBump {
 public:
  explicit AtomicBump(size_t capacity) : capacity_(capacity) {}

  size_t Allocate(size_t size, size_t align) {
    size_t used = used_.load(std::memory_order_relaxed);
    for (;;) {
      const size_t offset = (used + align - 1) & ~(align - 1);
      if (offset + size > capacity_) {
        return SIZE_MAX;
      }
      if (used_.compare_exchange_weak(used, offset + size, std::memory_order_relaxed)) {
        return offset;
      }
    }
  }

 private:
  const size_t capacity_;
  std::atomic<size_t> used_{0};
};

void AllocateFrom(AtomicBump* bump, size_t count) {
  for (size_t i = 0; i < count; i++) {
    Use(reinterpret_cast<const void*>(bump->Allocate(kSize, kAlign)));
  }
}

constexpr size_t kCountOfThread = 20 * kCount;

// On each of them, all at once.
template <int threads>
double AtomicBumpInThreads() {
  AtomicBump bump(kSize * kCountOfThread * threads);
  std::atomic<int> ready{0};
  double slowest = 0;
  std::atomic<double> times[threads];
  std::vector<std::thread> others;
  for (int i = 0; i < threads; i++) {
    others.emplace_back([&, i] {
      ready++;
      while (ready < threads) {
      }
      times[i] = Time(kCountOfThread, [&] { AllocateFrom(&bump, kCountOfThread); });
    });
  }
  for (int i = 0; i < threads; i++) {
    others[i].join();
    slowest = std::max(slowest, times[i].load());
  }
  return slowest;
}

// --- Starting over -------------------------------------------------------------------------------------------------

double ResetInlined() {
  bench::Bump bump(WarmMemory().data(), kCapacity);
  Use(&bump);
  return Time(kCount, [&] {
    for (size_t i = 0; i < kCount; i++) {
      bump.Reset();
      Use(&bump);
    }
  });
}

double ResetCalled() {
  const auto allocator = bench::MakeBumpAllocator(WarmMemory().data(), kCapacity);
  return Time(kCount, [&] {
    for (size_t i = 0; i < kCount; i++) {
      allocator->Reset();
    }
  });
}

// --- Memory from the system ----------------------------------------------------------------------------------------

template <size_t size>
double Reserve() {
  constexpr size_t kRounds = 200;
  return Time(kRounds, [] {
    for (size_t i = 0; i < kRounds; i++) {
      Unmap(Map(size, PROT_NONE), size);
    }
  });
}

constexpr size_t kFresh = 64 * kMiB;

void Touch(volatile uint8_t* from, size_t size) {
  for (size_t offset = 0; offset < size; offset += kPage) {
    from[offset] = 1;
  }
}

void Commit(uint8_t* from, size_t size) {
  if (mprotect(from, size, PROT_READ | PROT_WRITE) != 0) {
    Fail("mprotect");
  }
}

// As the simplest lazy arenas do: one page more whenever one is full.
double TouchByPage() {
  uint8_t* memory = Map(kFresh, PROT_NONE);
  const double ns = Time(kFresh / kPage, [&] {
    for (size_t offset = 0; offset < kFresh; offset += kPage) {
      Commit(memory + offset, kPage);
      Touch(memory + offset, kPage);
    }
  });
  Unmap(memory, kFresh);
  return ns;
}

double TouchSmallPages() {
  uint8_t* memory = Map(kFresh, PROT_NONE);
#ifdef MADV_NOHUGEPAGE
  madvise(memory, kFresh, MADV_NOHUGEPAGE);
#endif
  const double ns = Time(kFresh / kPage, [&] {
    Commit(memory, kFresh);
    Touch(memory, kFresh);
  });
  Unmap(memory, kFresh);
  return ns;
}

double TouchHugePages() {
  const size_t size = kFresh + kHugePage;
  uint8_t* memory = Map(size, PROT_NONE);
  uint8_t* aligned = memory + (-reinterpret_cast<uintptr_t>(memory) & (kHugePage - 1));
#ifdef MADV_HUGEPAGE
  madvise(aligned, kFresh, MADV_HUGEPAGE);
#endif
  const double ns = Time(kFresh / kPage, [&] {
    Commit(aligned, kFresh);
    Touch(aligned, kFresh);
  });
  Unmap(memory, size);
  return ns;
}

struct Question {
  const char* name;
  Sample sample;
  int samples;
};

const Question kQuestions[] = {
    {"bump-inlined", BumpInlined, 400},
    {"bump-called", BumpCalled, 400},
    {"pmr", Pmr, 400},
    {"malloc-free", MallocFree, 200},
    {"atomic-bump", AtomicBumpInThreads<1>, 30},
    {"atomic-bump-2-threads", AtomicBumpInThreads<2>, 30},
    {"reset-inlined", ResetInlined, 400},
    {"reset-called", ResetCalled, 400},
    {"reserve-4-gib", Reserve<4 * kGiB>, 50},
    {"reserve-64-gib", Reserve<64 * kGiB>, 50},
    {"touch-by-page", TouchByPage, 5},
    {"touch-small-pages", TouchSmallPages, 7},
    {"touch-huge-pages", TouchHugePages, 9},
};

bool Asked(const char* name, int argc, char** argv) {
  return argc <= 1 || std::any_of(argv + 1, argv + argc, [&](const char* arg) { return std::strcmp(arg, name) == 0; });
}

}  // namespace

int main(int argc, char** argv) {
  const char* separator = "{";
  for (const Question& question : kQuestions) {
    if (Asked(question.name, argc, argv)) {
      const Result result = Summarize(question.sample, question.samples);
      std::printf("%s\n  \"%s\": {\"median\": %.3f, \"best\": %.3f}", separator, question.name, result.median,
                  result.best);
      separator = ",";
    }
  }
  std::printf("%s\n}\n", *separator == '{' ? "{" : "");
}
