#include "span.h"

#include <errno.h>

#include <cstring>
#include <thread>
#include <vector>

#include "probe.h"
#include "test.h"

namespace offheap {
namespace {

using probe::Access;

const size_t kPage = vm::facts().page_size;

Span* CreateSpan(size_t pages, Kind kind = Kind::kArena) {
  Span* span = nullptr;
  CHECK_EQUAL(Span::Create(pages * kPage, kind, &span), 0);
  CHECK_EQUAL(span->end() - span->begin(), pages * kPage);
  return span;
}

// A span of which a part is committed, touched and accounted for, as a reservation does it.
Span* CreateTouched(size_t pages, size_t touched) {
  Span* span = CreateSpan(pages);
  CHECK_EQUAL(vm::commit(span->begin(), touched * kPage), 0);
  memset(span->begin(), 7, touched * kPage);
  span->SetTouched(span->begin() + touched * kPage);
  return span;
}

TEST("a span that nobody was shown goes with its owner") {
  Span* span = CreateSpan(16);
  uint8_t* begin = span->begin();
  CHECK(probe::HasAccess(begin, 16 * kPage, Access::kNone));
  CHECK_EQUAL(MeasureUsage(Kind::kArena).reserved, 16 * kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).retired, 0);
  CHECK_EQUAL(CountMappings(), 2);
  span->Leave(begin);
  CHECK(probe::HasAccess(begin, 16 * kPage, Access::kUnmapped));
}

TEST("a span that was left lives until its last holder lets go, without its unexposed part") {
  Span* span = CreateTouched(16, 8);
  uint8_t* begin = span->begin();
  span->Retain();
  span->Retain();
  span->Leave(begin + 4 * kPage);
  CHECK(probe::HasAccess(begin, 4 * kPage, Access::kReadWrite));
  CHECK(probe::HasAccess(begin + 4 * kPage, 12 * kPage, Access::kUnmapped));
  CHECK_EQUAL(MeasureUsage(Kind::kArena).reserved, 0);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).retired, 4 * kPage);
  CHECK_EQUAL(CountMappings(), 1);
  span->Release();
  CHECK_EQUAL(begin[4 * kPage - 1], 7);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).retired, 4 * kPage);
  span->Release();
  CHECK(probe::HasAccess(begin, 4 * kPage, Access::kUnmapped));
}

TEST("the owner may be the last to let go") {
  Span* span = CreateTouched(4, 2);
  uint8_t* begin = span->begin();
  span->Retain();
  span->Release();
  CHECK_EQUAL(begin[0], 7);
  span->Leave(begin + 2 * kPage);
  CHECK(probe::HasAccess(begin, 4 * kPage, Access::kUnmapped));
}

TEST("a span that is left whole keeps all of it") {
  Span* span = CreateTouched(4, 4);
  uint8_t* begin = span->begin();
  span->Retain();
  span->Leave(span->end());
  CHECK_EQUAL(begin[4 * kPage - 1], 7);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).retired, 4 * kPage);
  span->Release();
  CHECK(probe::HasAccess(begin, 4 * kPage, Access::kUnmapped));
}

TEST("usage counts the memory of what is left, and not of what was given back") {
  Span* span = CreateTouched(16, 8);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).resident, 8 * kPage);
  span->Retain();
  span->Leave(span->begin() + 4 * kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).resident, 4 * kPage);
  span->Release();
}

TEST("what is touched only grows") {
  Span* span = CreateTouched(16, 8);
  span->SetTouched(span->begin() + 2 * kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).resident, 8 * kPage);
  span->Leave(span->begin());
}

TEST("each kind has its own account") {
  Span* arena = CreateSpan(2, Kind::kArena);
  Span* pool = CreateSpan(3, Kind::kPool);
  AddCommitted(Kind::kPool, kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).reserved, 2 * kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kPool).reserved, 3 * kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kPool).committed, kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).committed, 0);
  CHECK_EQUAL(MeasureUsage(Kind::kTypedArena).reserved, 0);
  SubtractCommitted(Kind::kPool, kPage);
  arena->Leave(arena->begin());
  CHECK_EQUAL(MeasureUsage(Kind::kPool).reserved, 3 * kPage);
  pool->Leave(pool->begin());
}

TEST("spans may die in any order") {
  for (const size_t first : {0, 1, 2}) {
    std::vector<Span*> spans;
    for (size_t i = 0; i < 3; i++) {
      spans.push_back(CreateTouched(2, 1));
    }
    for (size_t i = 0; i < 3; i++) {
      CHECK_EQUAL(MeasureUsage(Kind::kArena).resident, (3 - i) * kPage);
      Span* span = spans[(first + i) % 3];
      span->Leave(span->begin());
    }
  }
}

TEST("abandoned addresses are left to whoever has them, and those above are given back") {
  Span* span = CreateTouched(16, 8);
  uint8_t* begin = span->begin();
  span->Retain();
  // As if a move had failed and another thread had mapped something at its target.
  span->Abandon(begin + 8 * kPage, begin + 12 * kPage);
  CHECK_EQUAL(span->end(), begin + 8 * kPage);
  CHECK(probe::HasAccess(begin, 8 * kPage, Access::kReadWrite));
  CHECK(probe::HasAccess(begin + 8 * kPage, 4 * kPage, Access::kNone));
  CHECK(probe::HasAccess(begin + 12 * kPage, 4 * kPage, Access::kUnmapped));
  CHECK_EQUAL(MeasureUsage(Kind::kArena).reserved, 8 * kPage);
  span->Leave(begin + 8 * kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).retired, 8 * kPage);
  span->Release();
  CHECK(probe::HasAccess(begin, 8 * kPage, Access::kUnmapped));
  CHECK(probe::HasAccess(begin + 8 * kPage, 4 * kPage, Access::kNone));
  vm::release(begin + 8 * kPage, 4 * kPage, true);
}

TEST("a span that was abandoned from its beginning owns nothing") {
  Span* span = CreateSpan(8);
  uint8_t* begin = span->begin();
  span->Abandon(begin, begin + 8 * kPage);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).reserved, 0);
  span->Leave(begin);
  CHECK(probe::HasAccess(begin, 8 * kPage, Access::kNone));
  vm::release(begin, 8 * kPage, true);
}

TEST("no span is created beyond the budget of mappings") {
  Span* span = CreateSpan(1);
  span->SetMappings(MaxMappings() - 1);
  Span* another = nullptr;
  CHECK_EQUAL(Span::Create(kPage, Kind::kArena, &another), ENOMEM);
  CHECK_EQUAL(another, nullptr);
  CHECK_EQUAL(MeasureUsage(Kind::kArena).reserved, kPage);
  span->SetMappings(MaxMappings() - 2);
  CHECK_EQUAL(Span::Create(kPage, Kind::kArena, &another), 0);
  CHECK_EQUAL(CountMappings(), MaxMappings());
  span->Leave(span->begin());
  another->Leave(another->begin());
}

TEST("a refused reservation leaves no trace") {
  Span* span = nullptr;
  const vm::Error error = Span::Create(SIZE_MAX - kPage + 1, Kind::kArena, &span);
  CHECK(error == ENOMEM || (probe::RunsUnderValgrind() && error != 0));
  CHECK_EQUAL(span, nullptr);
}

TEST("holders may let go in several threads at once") {
  for (int round = 0; round < 50; round++) {
    Span* span = CreateTouched(4, 2);
    uint8_t* begin = span->begin();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
      span->Retain();
      threads.emplace_back([span] {
        for (int k = 0; k < 20; k++) {
          span->Retain();
          MeasureUsage(Kind::kArena);
          span->Release();
        }
        span->Release();
      });
    }
    span->Leave(begin + 2 * kPage);
    for (std::thread& thread : threads) {
      thread.join();
    }
    CHECK_EQUAL(CountMappings(), 0);
  }
}

}  // namespace
}  // namespace offheap
