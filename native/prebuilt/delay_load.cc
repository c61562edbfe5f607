// Finds Node-API in whatever program has loaded the addon. A Windows binary names the program that its imports come
// from; with delayed loading they are looked up at their first use, and this says where: not in node.exe but in the
// process itself, which may be a renamed one, Bun or Deno.
#include <windows.h>
// After windows.h, which declares what it needs.
#include <delayimp.h>
#include <string.h>

static FARPROC WINAPI FindHost(unsigned notification, PDelayLoadInfo info) {
  if (notification == dliNotePreLoadLibrary && _stricmp(info->szDll, "node.exe") == 0) {
    return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
  }
  return nullptr;
}

extern "C" {
PfnDliHook __pfnDliNotifyHook2 = FindHost;
}
