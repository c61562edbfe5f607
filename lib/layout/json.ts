/** Plain data as `JSON.stringify` takes it: bigints as decimal strings, typed arrays as arrays, Buffers as Node has them. */
export function toJSON(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) {
    return value;
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return Array.from(value as unknown as ArrayLike<unknown>, toJSON);
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJSON(each)]));
}
