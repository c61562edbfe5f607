// A test is a sentence and a block. Its checks end the process when they fail, since most of what is tested here
// leaves nothing sensible to go on with. After each test the accounts of the whole process must be back at zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace offheap {
namespace test {

struct Test {
  Test(const char* sentence, void (*run)());

  const char* const sentence;
  void (*const run)();
  Test* next = nullptr;
};

void Check(bool holds, const char* expression, const char* file, int line);
void CheckEqual(uint64_t actual, uint64_t expected, const char* expression, const char* file, int line);
void Skip(const char* reason);

// Numbers, enums and addresses alike, for the message.
template <typename T>
uint64_t ToNumber(T value) {
  if constexpr (std::is_convertible_v<T, const void*>) {
    return reinterpret_cast<uintptr_t>(static_cast<const void*>(value));
  } else {
    return static_cast<uint64_t>(value);
  }
}

}  // namespace test
}  // namespace offheap

#define TEST_JOIN_(a, b) a##b
#define TEST_JOIN(a, b) TEST_JOIN_(a, b)
#define TEST(sentence)                                                                               \
  static void TEST_JOIN(Run, __LINE__)();                                                            \
  static ::offheap::test::Test TEST_JOIN(registered_, __LINE__)(sentence, TEST_JOIN(Run, __LINE__)); \
  static void TEST_JOIN(Run, __LINE__)()

#define CHECK(condition) ::offheap::test::Check((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected)                                                                 \
  ::offheap::test::CheckEqual(::offheap::test::ToNumber(actual), ::offheap::test::ToNumber(expected), \
                              #actual " == " #expected, __FILE__, __LINE__)

// Ends the test, with a line that says why.
#define SKIP_IF(condition, reason)   \
  do {                               \
    if (condition) {                 \
      ::offheap::test::Skip(reason); \
      return;                        \
    }                                \
  } while (false)
