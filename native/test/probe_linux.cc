#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "probe.h"

namespace offheap {
namespace probe {

namespace {

constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
// More than some distributions allow mappings: 1,048,576.
constexpr size_t kUsedUpPages = size_t{1} << 21;

FILE* Open(const char* path) {
  FILE* file = fopen(path, "re");
  if (file == nullptr) {
    fprintf(stderr, "cannot open %s\n", path);
    _Exit(1);
  }
  return file;
}

struct Mapping {
  uintptr_t begin;
  uintptr_t end;
  char access[5];
};

// Calls `visit` with every mapping of the process, and with every line that tells more about it.
template <typename Visit>
void ReadMappings(const char* path, Visit visit) {
  FILE* file = Open(path);
  // Not on the heap, which would change what is being counted.
  char line[4096];
  Mapping mapping{};
  while (fgets(line, sizeof(line), file) != nullptr) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char access[5] = "";
    const bool is_head = sscanf(line, "%lx-%lx %4s", &begin, &end, access) == 3;
    if (is_head) {
      mapping.begin = begin;
      mapping.end = end;
      memcpy(mapping.access, access, sizeof(access));
    }
    visit(mapping, is_head, line);
  }
  fclose(file);
}

bool Overlap(const Mapping& mapping, const void* address, size_t size) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(address);
  return mapping.begin < begin + size && begin < mapping.end;
}

Access AccessOf(const Mapping& mapping) {
  if (strncmp(mapping.access, "---", 3) == 0) {
    return Access::kNone;
  }
  return strncmp(mapping.access, "rw-", 3) == 0 ? Access::kReadWrite : Access::kOther;
}

// Pages, by their place in statm.
uint64_t ReadStatm(int place) {
  FILE* file = Open("/proc/self/statm");
  unsigned long pages = 0;
  for (int i = 0; i <= place; i++) {
    if (fscanf(file, "%lu", &pages) != 1) {
      _Exit(1);
    }
  }
  fclose(file);
  return pages;
}

uint64_t SetLimit(int resource, uint64_t limit) {
  rlimit current{};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &current) != 0) {
    _Exit(1);
  }
  const uint64_t before = current.rlim_cur;
  current.rlim_cur = limit;
  if (setrlimit(static_cast<__rlimit_resource>(resource), &current) != 0) {
    _Exit(1);
  }
  return before;
}

}  // namespace

Access AccessAt(const void* address) {
  Access access = Access::kUnmapped;
  ReadMappings("/proc/self/maps", [&](const Mapping& mapping, bool, const char*) {
    if (Overlap(mapping, address, 1)) {
      access = AccessOf(mapping);
    }
  });
  return access;
}

bool HasAccess(const void* address, size_t size, Access access) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(address);
  size_t found = 0;
  size_t others = 0;
  ReadMappings("/proc/self/maps", [&](const Mapping& mapping, bool, const char*) {
    if (Overlap(mapping, address, size)) {
      const uintptr_t from = mapping.begin > begin ? mapping.begin : begin;
      const uintptr_t to = mapping.end < begin + size ? mapping.end : begin + size;
      (AccessOf(mapping) == access ? found : others) += to - from;
    }
  });
  return others == 0 && found == (access == Access::kUnmapped ? 0 : size);
}

size_t CountMappings() {
  return CountMappings(nullptr, SIZE_MAX);
}

size_t CountMappings(const void* address, size_t size) {
  size_t count = 0;
  ReadMappings("/proc/self/maps",
               [&](const Mapping& mapping, bool, const char*) { count += Overlap(mapping, address, size) ? 1 : 0; });
  return count;
}

size_t CountAddresses() {
  return ReadStatm(0) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

size_t HugeBytes(const void* address, size_t size) {
  size_t bytes = 0;
  ReadMappings("/proc/self/smaps", [&](const Mapping& mapping, bool is_head, const char* line) {
    unsigned long kib = 0;
    if (!is_head && Overlap(mapping, address, size) && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1) {
      bytes += kib * 1024;
    }
  });
  return bytes;
}

bool GivesHugePagesWhenAsked() {
  FILE* file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
  if (file == nullptr) {
    return false;
  }
  char line[100] = "";
  const bool read = fgets(line, sizeof(line), file) != nullptr;
  fclose(file);
  return read && strstr(line, "[madvise]") != nullptr;
}

// Not instrumented: a sanitizer's own memory about these addresses is missing, too, at first.
__attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined)) size_t FaultsAtTouch(uint8_t* address,
                                                                                                     size_t size) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  rusage before{};
  rusage after{};
  getrusage(RUSAGE_THREAD, &before);
  for (size_t i = 0; i < size; i += page) {
    *static_cast<volatile uint8_t*>(address + i) = 7;
  }
  getrusage(RUSAGE_THREAD, &after);
  return static_cast<size_t>(after.ru_minflt - before.ru_minflt);
}

bool RunsUnderValgrind() {
  static const bool kFound = [] {
    bool found = false;
    ReadMappings("/proc/self/maps", [&](const Mapping&, bool, const char* line) {
      found = found || strstr(line, "vgpreload") != nullptr;
    });
    return found;
  }();
  return kFound;
}

bool RunsUnderTool() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return RunsUnderValgrind();
#endif
}

Limit::Limit(Of what) : what_(what), page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
  // Opens files, which needs memory, so it comes first.
  const uint64_t addresses = ReadStatm(0) * page_;
  const uint64_t memory = ReadStatm(5) * page_;
  switch (what_) {
    case Of::kAddresses:
      before_ = SetLimit(RLIMIT_AS, addresses);
      break;
    case Of::kMemory:
      before_ = SetLimit(RLIMIT_DATA, memory);
      break;
    case Of::kSplits:
      UseUpMappings();
      break;
    case Of::kMappings:
      UseUpMappings();
      // The kernel counts before it maps and so allows one more than the limit. Shared, it merges with no other.
      one_more_ = mmap(nullptr, page_, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      break;
  }
}

// Access to every other page of a range makes every page a mapping.
void Limit::UseUpMappings() {
  used_up_ = mmap(nullptr, kUsedUpPages * page_, PROT_NONE, kFlags, -1, 0);
  for (size_t i = 1; used_up_ != MAP_FAILED && i < kUsedUpPages; i += 2) {
    if (mprotect(static_cast<uint8_t*>(used_up_) + i * page_, page_, PROT_READ) != 0) {
      return;
    }
  }
  fprintf(stderr, "cannot use up the mappings\n");
  _Exit(1);
}

Limit::~Limit() {
  switch (what_) {
    case Of::kAddresses:
      SetLimit(RLIMIT_AS, before_);
      break;
    case Of::kMemory:
      SetLimit(RLIMIT_DATA, before_);
      break;
    case Of::kMappings:
      munmap(one_more_, page_);
      [[fallthrough]];
    case Of::kSplits:
      munmap(used_up_, kUsedUpPages * page_);
      break;
  }
}

}  // namespace probe
}  // namespace offheap
