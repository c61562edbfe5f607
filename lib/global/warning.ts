/** Warns, even where the process ends in this very turn, before Node.js gets around to it. */
export function emitWarning(message: string): void {
  const warning = Object.assign(new Error(`offheap/global: ${message}`), {
    name: 'OffheapWarning',
    code: 'OFFHEAP_GLOBAL',
  });
  let isOut = false;
  try {
    process.emitWarning(warning);
    process.nextTick(() => (isOut = true));
    process.once('exit', () => isOut || process.emit('warning', warning));
  } catch {
    // whoever has replaced that function refuses, which is no reason not to have a Buffer
  }
}
