#include "vm.h"

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <errno.h>
#include <windows.h>
// After windows.h, which declares what it needs.
#include <psapi.h>

namespace offheap {
namespace vm {

namespace {

// The few numbers that VirtualAlloc and its kin answer with, as the errno numbers of the other systems.
Error translate(DWORD error) {
  switch (error) {
    case ERROR_SUCCESS:
      return 0;
    case ERROR_INVALID_PARAMETER:
    case ERROR_INVALID_ADDRESS:
      return EINVAL;
    case ERROR_ACCESS_DENIED:
      return EACCES;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_NOT_ENOUGH_QUOTA:
    case ERROR_NO_SYSTEM_RESOURCES:
      return ENOMEM;
    default:
      return EIO;
  }
}

Error answer(bool succeeded) {
  return succeeded ? 0 : translate(GetLastError());
}

Facts read_facts() {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return Facts{info.dwPageSize, info.dwAllocationGranularity, 0, SIZE_MAX, false, false};
}

}  // namespace

const Facts& facts() {
  static const Facts kFacts = read_facts();
  return kFacts;
}

Error reserve(size_t size, uint8_t** address) {
  void* mapped = VirtualAlloc(nullptr, size, MEM_RESERVE, PAGE_NOACCESS);
  if (mapped == nullptr) {
    return translate(GetLastError());
  }
  *address = static_cast<uint8_t*>(mapped);
  return 0;
}

Error commit(uint8_t* address, size_t size) {
  return answer(VirtualAlloc(address, size, MEM_COMMIT, PAGE_READWRITE) != nullptr);
}

Error decommit(uint8_t* address, size_t size) {
  return answer(VirtualFree(address, size, MEM_DECOMMIT) != 0);
}

// MEM_RESET and not DiscardVirtualMemory: it does the same, and every Windows and Wine has it.
Error discard(uint8_t* address, size_t size) {
  if (VirtualAlloc(address, size, MEM_RESET, PAGE_READWRITE) == nullptr) {
    return translate(GetLastError());
  }
  // Takes the pages out of the working set now. It answers with an error for pages that were not locked, which is
  // the way it is documented to be used for this.
  VirtualUnlock(address, size);
  return 0;
}

Error release(uint8_t* address, size_t size, bool whole) {
  return whole ? answer(VirtualFree(address, 0, MEM_RELEASE) != 0) : decommit(address, size);
}

// Windows has no call that moves pages and leaves the source accessible.
Error move(uint8_t*, size_t, uint8_t*, bool* target_kept) {
  *target_kept = true;
  return ENOTSUP;
}

// Windows does not count mappings.
Error fuse(uint8_t* address, size_t size) {
  return discard(address, size);
}

// Large pages need a privilege and are committed whole.
void advise_huge(uint8_t*, size_t) {
}

Error resident(const uint8_t* address, size_t size, size_t* bytes) {
  constexpr size_t kPagesPerCall = 512;
  PSAPI_WORKING_SET_EX_INFORMATION states[kPagesPerCall];
  const size_t page = facts().page_size;
  const size_t pages = size / page;
  size_t total = 0;
  for (size_t done = 0; done < pages;) {
    const size_t step = pages - done < kPagesPerCall ? pages - done : kPagesPerCall;
    for (size_t i = 0; i < step; i++) {
      states[i].VirtualAddress = const_cast<uint8_t*>(address) + (done + i) * page;
    }
    if (K32QueryWorkingSetEx(GetCurrentProcess(), states, static_cast<DWORD>(step * sizeof(states[0]))) == 0) {
      return translate(GetLastError());
    }
    for (size_t i = 0; i < step; i++) {
      total += states[i].VirtualAttributes.Valid * page;
    }
    done += step;
  }
  *bytes = total;
  return 0;
}

}  // namespace vm
}  // namespace offheap
