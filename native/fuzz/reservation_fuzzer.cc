// A libFuzzer target: what is done to reservations, in what order, is read from the input. Nothing may be reported by
// the sanitizers, every byte that somebody may still see must be what was written there last, what is committed anew
// must be zero, and at the end nothing may be left. `npm run fuzz` builds and runs it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../reservation.h"

namespace offheap {
namespace {

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      abort();                                                        \
    }                                                                 \
  } while (false)

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}

  bool IsEmpty() const { return data_ == end_; }
  uint8_t Byte() { return IsEmpty() ? 0 : *data_++; }
  // Small ones, and at times large ones, on pages and beside them.
  size_t Size() {
    const size_t pages = size_t{Byte()} << (Byte() % 6);
    return pages * vm::facts().page_size + Byte() % 3 - 1 + (pages == 0 ? 1 : 0);
  }

 private:
  const uint8_t* data_;
  const uint8_t* const end_;
};

struct Exposure {
  uint8_t* address;
  size_t size;
  Span* span;
  uint8_t mark;  // 0 where the memory may have been written to by others since
};

struct Subject {
  std::unique_ptr<Reservation> reservation;
  size_t capacity = 0;
  std::vector<Exposure> exposures;
  size_t round = 0;  // how many of the exposures are older than this round
  uint8_t mark = 0;
};

// Both ends and the middle of what somebody sees.
void CheckReadable(const Exposure& exposure) {
  const volatile uint8_t* bytes = exposure.address;
  for (const size_t at : {size_t{0}, exposure.size / 2, exposure.size - 1}) {
    const uint8_t byte = bytes[at];
    CHECK(exposure.mark == 0 || byte == exposure.mark);
  }
}

void ForgetMarks(Subject* subject) {
  for (Exposure& exposure : subject->exposures) {
    exposure.mark = 0;
  }
}

// What views of older rounds show is not promised.
void StartRound(Subject* subject) {
  ForgetMarks(subject);
  subject->round = subject->exposures.size();
}

void Expose(Subject* subject, size_t from, size_t to) {
  Exposure exposure{nullptr, to - from, nullptr, 0};
  Reservation* const reservation = subject->reservation.get();
  const vm::Error error = from == 0 ? reservation->Expose(to, &exposure.address, &exposure.span)
                                    : reservation->ExposePart(from, to, &exposure.address, &exposure.span);
  CHECK((error == 0) == (from < to && to <= reservation->committed()));
  if (error != 0) {
    return;
  }
  // All views of a round are on the same memory, so they all get the same mark.
  subject->mark = static_cast<uint8_t>(subject->mark % 255 + 1);
  for (size_t i = subject->round; i < subject->exposures.size(); i++) {
    subject->exposures[i].mark = 0;
  }
  for (const size_t at : {size_t{0}, exposure.size / 2, exposure.size - 1}) {
    exposure.address[at] = subject->mark;
  }
  exposure.mark = subject->mark;
  subject->exposures.push_back(exposure);
}

void Commit(Subject* subject, size_t size) {
  Reservation* const reservation = subject->reservation.get();
  const size_t before = reservation->committed();
  const vm::Error error = reservation->Commit(size);
  const size_t after = reservation->committed();
  CHECK(error == 0 ? after >= size && after >= before : after == before);
  if (after > before) {
    // Never handed out before, so that nobody else's bytes may be in it.
    CHECK(reservation->base()[before] == 0 && reservation->base()[after - 1] == 0);
  }
}

void Renew(Subject* subject) {
  Reservation* const reservation = subject->reservation.get();
  const uint8_t* const before = reservation->base();
  const bool was_exposed = subject->exposures.size() > subject->round;
  if (reservation->Renew() == 0 && was_exposed) {
    CHECK(reservation->base() != before);
    StartRound(subject);
  }
}

void Step(Input* input, std::vector<Subject>* subjects) {
  const uint8_t operation = input->Byte() % 12;
  if (operation == 0 && subjects->size() < 4) {
    Subject subject;
    subject.capacity = input->Size();
    Reservation* reservation = nullptr;
    if (Reservation::Create(subject.capacity, static_cast<Kind>(input->Byte() % 4), &reservation) == 0) {
      subject.reservation.reset(reservation);
      subjects->push_back(std::move(subject));
    }
    return;
  }
  if (operation == 1) {
    SetMemoryLimit(input->Byte() % 2 == 0 ? SIZE_MAX : input->Size());
    return;
  }
  if (subjects->empty()) {
    return;
  }
  Subject* const subject = &(*subjects)[input->Byte() % subjects->size()];
  Reservation* const reservation = subject->reservation.get();
  if (reservation == nullptr && operation != 10) {
    return;  // only its exposures are left
  }
  switch (operation) {
    case 2:
    case 3:
      return Commit(subject, input->Size());
    case 4:
      return Expose(subject, 0, input->Size());
    case 5:
      return Expose(subject, input->Size(), input->Size());
    case 6:
    case 7:
      return Renew(subject);
    case 8: {
      const size_t from = input->Size();
      const size_t to = input->Size();
      if (reservation->Discard(from, to) == 0) {
        ForgetMarks(subject);
      }
      return;
    }
    case 9: {
      size_t bytes = 0;
      CHECK(reservation->Resident(&bytes) == 0 && bytes <= reservation->committed());
      return;
    }
    case 10:
      if (!subject->exposures.empty()) {
        const size_t at = input->Byte() % subject->exposures.size();
        CheckReadable(subject->exposures[at]);
        subject->exposures[at].span->Release();
        subject->exposures.erase(subject->exposures.begin() + static_cast<std::ptrdiff_t>(at));
        subject->round -= at < subject->round ? 1 : 0;
      }
      return;
    case 11:
      reservation->Dispose();
      subject->reservation.reset();
      return StartRound(subject);
    default:
      return;
  }
}

void Run(Input input) {
  std::vector<Subject> subjects;
  while (!input.IsEmpty()) {
    Step(&input, &subjects);
  }
  SetMemoryLimit(SIZE_MAX);
  for (Subject& subject : subjects) {
    subject.reservation.reset();
    for (const Exposure& exposure : subject.exposures) {
      CheckReadable(exposure);
      exposure.span->Release();
    }
  }
  CHECK(CountMappings() == 0);
  CHECK(ChargedBytes() == 0);
  for (int kind = 0; kind < static_cast<int>(Kind::kCount); kind++) {
    const Usage usage = MeasureUsage(static_cast<Kind>(kind));
    CHECK(usage.reserved == 0 && usage.committed == 0 && usage.retired == 0);
  }
}

}  // namespace
}  // namespace offheap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  offheap::Run(offheap::Input(data, size));
  return 0;
}
