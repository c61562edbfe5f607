#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace offheap {
namespace vm {

namespace {

#ifdef MAP_NORESERVE
// Without it a large writable mapping counts against the commit limit and is refused under the default overcommit rule.
constexpr int kMapFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#else
constexpr int kMapFlags = MAP_PRIVATE | MAP_ANONYMOUS;
#endif

constexpr int kReadWrite = PROT_READ | PROT_WRITE;

Error answer(int result) {
  return result == 0 ? 0 : errno;
}

Error map_over(uint8_t* address, size_t size, int protection) {
  void* mapped = mmap(address, size, protection, kMapFlags | MAP_FIXED, -1, 0);
  return mapped == MAP_FAILED ? errno : 0;
}

#ifdef __linux__

// Headers older than the kernel lack these; the kernel refuses what it does not know.
constexpr int kRemapDontUnmap = 4;
constexpr int kMapFixedNoReplace = 0x100000;

size_t read_max_mappings() {
  constexpr size_t kDefault = 65530;
  const int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return kDefault;
  }
  char digits[20] = {};
  const ssize_t length = read(file, digits, sizeof(digits));
  close(file);
  // By hand: what C has for it goes by another name in every few versions of glibc, and the binary is for all of them.
  size_t count = 0;
  for (ssize_t i = 0; i < length && digits[i] >= '0' && digits[i] <= '9'; i++) {
    count = count * 10 + static_cast<size_t>(digits[i] - '0');
  }
  return count > 0 ? count : kDefault;
}

bool remap(uint8_t* source, size_t size, uint8_t* target) {
  return mremap(source, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | kRemapDontUnmap, target) != MAP_FAILED;
}

// Kernels before 5.7 and some sandboxes and emulators refuse to move pages and leave the source mapped. Asking once,
// here, lets move() take any later refusal for want of memory.
bool try_move(size_t page) {
  void* pages = mmap(nullptr, 2 * page, kReadWrite, kMapFlags, -1, 0);
  if (pages == MAP_FAILED) {
    return false;
  }
  uint8_t* source = static_cast<uint8_t*>(pages);
  *source = 1;
  const bool moved = remap(source, page, source + page) && source[page] == 1 && *source == 0;
  munmap(pages, 2 * page);
  return moved;
}

Facts read_facts() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  // A huge page is what one page of page-table entries maps: 2 MiB for 4 KiB pages, 512 MiB for 64 KiB ones, which
  // is more than an arena should be rounded to.
  const size_t huge = page == 4096 ? size_t{2} << 20 : 0;
  return Facts{page, page, huge, read_max_mappings(), true, try_move(page)};
}

#else

Facts read_facts() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return Facts{page, page, 0, SIZE_MAX, true, false};
}

#endif

}  // namespace

const Facts& facts() {
  static const Facts kFacts = read_facts();
  return kFacts;
}

Error reserve(size_t size, uint8_t** address) {
  void* mapped = mmap(nullptr, size, PROT_NONE, kMapFlags, -1, 0);
  if (mapped == MAP_FAILED) {
    return errno;
  }
  *address = static_cast<uint8_t*>(mapped);
  return 0;
}

Error commit(uint8_t* address, size_t size) {
  return answer(mprotect(address, size, kReadWrite));
}

// A fresh mapping in place of the old one is the one call that does both, and the same on every POSIX system.
Error decommit(uint8_t* address, size_t size) {
  return map_over(address, size, PROT_NONE);
}

Error release(uint8_t* address, size_t size, bool) {
  return answer(munmap(address, size));
}

Error fuse(uint8_t* address, size_t size) {
  return map_over(address, size, kReadWrite);
}

#ifdef __linux__

Error discard(uint8_t* address, size_t size) {
  return answer(madvise(address, size, MADV_DONTNEED));
}

Error move(uint8_t* source, size_t size, uint8_t* target, bool* target_kept) {
  *target_kept = true;
  if (remap(source, size, target)) {
    return 0;
  }
  const Error error = errno;
  // The kernel unmaps the target before its last checks, so it may be anybody's now. Where it is free, take it back;
  // where it is taken, nobody can say by whom, and it is safest not to be thought ours.
  void* again = mmap(target, size, PROT_NONE, kMapFlags | kMapFixedNoReplace, -1, 0);
  if (again != target) {
    *target_kept = false;
    if (again != MAP_FAILED) {
      munmap(again, size);  // a kernel older than 4.17 takes the address as a hint
    }
  }
  return error;
}

void advise_huge(uint8_t* address, size_t size) {
  madvise(address, size, MADV_HUGEPAGE);
}

#else

// MADV_DONTNEED keeps the contents on the BSDs and macOS.
Error discard(uint8_t* address, size_t size) {
  return fuse(address, size);
}

Error move(uint8_t*, size_t, uint8_t*, bool* target_kept) {
  *target_kept = true;
  return ENOTSUP;
}

void advise_huge(uint8_t*, size_t) {
}

#endif

Error resident(const uint8_t* address, size_t size, size_t* bytes) {
  constexpr size_t kPagesPerCall = 4096;
#ifdef __linux__
  unsigned char states[kPagesPerCall];
#else
  char states[kPagesPerCall];
#endif
  const size_t page = facts().page_size;
  size_t total = 0;
  for (size_t done = 0; done < size;) {
    const size_t rest = size - done;
    const size_t step = rest < kPagesPerCall * page ? rest : kPagesPerCall * page;
    if (mincore(const_cast<uint8_t*>(address) + done, step, states) != 0) {
      return errno;
    }
    for (size_t i = 0; i < step / page; i++) {
      total += (states[i] & 1) * page;
    }
    done += step;
  }
  *bytes = total;
  return 0;
}

}  // namespace vm
}  // namespace offheap
