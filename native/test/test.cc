#include "test.h"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "span.h"

namespace offheap {
namespace test {

namespace {

Test* first = nullptr;
Test** last = &first;
const Test* running = nullptr;
bool skipped = false;

void CheckNothingIsLeft() {
  for (size_t kind = 0; kind < static_cast<size_t>(Kind::kCount); kind++) {
    const Usage usage = MeasureUsage(static_cast<Kind>(kind));
    CHECK_EQUAL(usage.reserved, 0);
    CHECK_EQUAL(usage.committed, 0);
    CHECK_EQUAL(usage.resident, 0);
    CHECK_EQUAL(usage.retired, 0);
  }
  CHECK_EQUAL(CountMappings(), 0);
  CHECK_EQUAL(ChargedBytes(), 0);
  CHECK_EQUAL(MemoryLimit(), SIZE_MAX);
}

[[noreturn]] void Fail() {
  fflush(stdout);
  // Without the destructors of static objects: other threads may be running.
  _Exit(1);
}

}  // namespace

Test::Test(const char* words, void (*function)()) : sentence(words), run(function) {
  *last = this;
  last = &next;
}

void Check(bool holds, const char* expression, const char* file, int line) {
  if (!holds) {
    fprintf(stderr, "FAILED: %s\n%s:%d: %s\n", running->sentence, file, line, expression);
    Fail();
  }
}

void CheckEqual(uint64_t actual, uint64_t expected, const char* expression, const char* file, int line) {
  if (actual != expected) {
    fprintf(stderr,
            "FAILED: %s\n%s:%d: %s\n  actual   %" PRIu64 " (0x%" PRIx64 ")\n  expected %" PRIu64 " (0x%" PRIx64 ")\n",
            running->sentence, file, line, expression, actual, actual, expected, expected);
    Fail();
  }
}

void Skip(const char* reason) {
  skipped = true;
  printf("skipped: %s (%s)\n", running->sentence, reason);
}

}  // namespace test
}  // namespace offheap

int main() {
  using namespace offheap::test;
  for (const Test* test = first; test != nullptr; test = test->next) {
    running = test;
    skipped = false;
    const auto start = std::chrono::steady_clock::now();
    test->run();
    CheckNothingIsLeft();
    if (!skipped) {
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
      printf("ok: %s (%.0f ms)\n", test->sentence, took.count());
    }
    fflush(stdout);
  }
  return 0;
}
