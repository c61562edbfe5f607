#include "span.h"

#include <errno.h>
#include <stdint.h>

#include <mutex>
#include <new>

namespace offheap {

namespace {

struct Account {
  std::atomic<size_t> reserved{0};
  std::atomic<size_t> committed{0};
  std::atomic<size_t> retired{0};
};

Account accounts[static_cast<size_t>(Kind::kCount)];
std::atomic<size_t> mappings{0};
std::atomic<size_t> charged{0};
std::atomic<size_t> limit{SIZE_MAX};
std::atomic<bool> limit_is_set{false};

// Guards the list of all spans.
std::mutex mutex;
Span* newest = nullptr;

Account& AccountOf(Kind kind) {
  return accounts[static_cast<size_t>(kind)];
}

// A fresh span is one mapping, and its first commit makes it two.
constexpr size_t kMappingsAtFirst = 2;

}  // namespace

vm::Error Span::Create(size_t size, Kind kind, Span** span) {
  if (CountMappings() + kMappingsAtFirst > MaxMappings()) {
    return ENOMEM;
  }
  uint8_t* begin = nullptr;
  if (const vm::Error error = vm::reserve(size, &begin)) {
    return error;
  }
  *span = new (std::nothrow) Span(begin, size, kind);
  if (*span == nullptr) {
    vm::release(begin, size, true);
    return ENOMEM;
  }
  return 0;
}

Span::Span(uint8_t* begin, size_t size, Kind kind) : begin_(begin), end_(begin + size), kind_(kind), touched_(begin) {
  SetMappings(kMappingsAtFirst);
  AccountOf(kind_).reserved += size;
  const std::lock_guard<std::mutex> lock(mutex);
  next_ = newest;
  if (newest != nullptr) {
    newest->previous_ = this;
  }
  newest = this;
}

Span::~Span() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    (previous_ != nullptr ? previous_->next_ : newest) = next_;
    if (next_ != nullptr) {
      next_->previous_ = previous_;
    }
  }
  const size_t size = static_cast<size_t>(end_ - begin_);
  (retired_ ? AccountOf(kind_).retired : AccountOf(kind_).reserved) -= size;
  SetMappings(0);
  charged -= contents_;
  if (size > 0) {
    vm::release(begin_, size, true);
  }
}

void Span::Release() {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

void Span::Leave(uint8_t* keep, size_t mappings_kept, size_t contents) {
  const size_t size = static_cast<size_t>(end_ - begin_);
  const size_t kept = static_cast<size_t>(keep - begin_);
  // A span that is left with nothing exposed goes as a whole, which every system can do.
  if (kept > 0 && kept < size && vm::release(keep, size - kept, false) == 0) {
    end_ = keep;
    if (touched_.load(std::memory_order_relaxed) > keep) {
      touched_.store(keep, std::memory_order_relaxed);
    }
  }
  AccountOf(kind_).reserved -= size;
  AccountOf(kind_).retired += static_cast<size_t>(end_ - begin_);
  retired_ = true;
  contents_ = contents;
  SetMappings(mappings_kept);
  Release();
}

void Span::Abandon(uint8_t* from, uint8_t* to) {
  const size_t size = static_cast<size_t>(end_ - from);
  if (to < end_) {
    vm::release(to, static_cast<size_t>(end_ - to), false);
  }
  end_ = from;
  AccountOf(kind_).reserved -= size;
}

void Span::SetTouched(uint8_t* end) {
  if (end > touched_.load(std::memory_order_relaxed)) {
    touched_.store(end, std::memory_order_relaxed);
  }
}

void Span::SetMappings(size_t count) {
  mappings += count - mappings_;
  mappings_ = count;
}

Usage MeasureUsage(Kind kind) {
  const Account& account = AccountOf(kind);
  Usage usage{account.reserved, account.committed, 0, account.retired};
  const std::lock_guard<std::mutex> lock(mutex);
  for (const Span* span = newest; span != nullptr; span = span->next_) {
    const size_t size = static_cast<size_t>(span->touched_ - span->begin_);
    size_t bytes = 0;
    // A span that is being left by another thread may answer with an error, which is then counted as nothing.
    if (span->kind_ == kind && size > 0 && vm::resident(span->begin_, size, &bytes) == 0) {
      usage.resident += bytes;
    }
  }
  return usage;
}

vm::Error AddCommitted(Kind kind, size_t bytes) {
  size_t before = charged;
  do {
    const size_t most = limit;
    if (bytes > most || before > most - bytes) {
      return ENOMEM;
    }
  } while (!charged.compare_exchange_weak(before, before + bytes));
  AccountOf(kind).committed += bytes;
  return 0;
}

void SubtractCommitted(Kind kind, size_t bytes, size_t contents) {
  AccountOf(kind).committed -= bytes;
  charged -= bytes - contents;
}

size_t ChargedBytes() {
  return charged;
}

size_t MemoryLimit() {
  return limit;
}

void SetMemoryLimit(size_t bytes) {
  limit_is_set = true;
  limit = bytes;
}

void SetDefaultMemoryLimit(size_t bytes) {
  if (!limit_is_set.exchange(true)) {
    limit = bytes;
  }
}

size_t CountMappings() {
  return mappings;
}

size_t MaxMappings() {
  return vm::facts().max_mappings / 2;
}

}  // namespace offheap
