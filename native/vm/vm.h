// The contract with the operating system's virtual memory: one declaration a primitive, fulfilled by
// vm_posix.cc or vm_windows.cc, which binding.gyp and CMakeLists.txt choose between.
//
// The rules below hold for every primitive, so that no implementation decides them for itself:
//   - Addresses and sizes arrive as multiples of the page size and sizes are never zero. Rounding, empty
//     ranges and overflow are settled by the caller, Reservation, once for all systems.
//   - The range lies inside memory that `reserve` gave and `release` has not taken back.
//   - The answer is 0, or an errno number; an implementation translates its system's own numbers.
//     A refused call has changed nothing, except where it says otherwise.
//   - Every primitive may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace offheap {
namespace vm {

using Error = int;

// What differs between systems, as data.
struct Facts {
  size_t page_size;       // unit of commit and protection
  size_t granularity;     // alignment of the address that reserve() gives
  size_t huge_page_size;  // 0 where advise_huge does nothing
  size_t max_mappings;    // how many mappings one process may have; SIZE_MAX where there is no such limit
  bool discard_zeroes;    // whether discarded pages read as zero
  bool can_move;          // whether move() may succeed
};

const Facts& facts();

// Claims a range of addresses, without access and without memory behind it.
Error reserve(size_t size, uint8_t** address);

// Makes reserved pages readable and writable. The system backs them, with zeroes, at the first touch.
Error commit(uint8_t* address, size_t size);

// Gives the physical memory back and takes access away; the addresses stay reserved.
Error decommit(uint8_t* address, size_t size);

// Gives the physical memory of committed pages back; they stay accessible, and are zero where
// facts().discard_zeroes says so.
Error discard(uint8_t* address, size_t size);

// Gives addresses back. Where the system cannot split a reservation (Windows), a part of one is decommitted instead,
// and only the whole, from its first address, is given back: `whole` says which it is.
Error release(uint8_t* address, size_t size, bool whole);

// Moves the pages of one committed mapping to `target`, a reserved range that does not overlap it. The source stays
// accessible and reads as zero, so a thread that is writing there meanwhile never faults.
// When it fails, the source is as it was, and `*target_kept` says whether the target is still reserved: where it is
// not, its addresses may be another thread's by now, and must be neither used nor released.
Error move(uint8_t* source, size_t size, uint8_t* target, bool* target_kept);

// Discards committed pages that lie in several mappings and makes one mapping of them.
Error fuse(uint8_t* address, size_t size);

// Asks for huge pages behind a range, whether it is committed already or later. Advice: refusal is no error.
void advise_huge(uint8_t* address, size_t size);

// How many bytes of a committed range physical memory backs now.
Error resident(const uint8_t* address, size_t size, size_t* bytes);

}  // namespace vm
}  // namespace offheap
