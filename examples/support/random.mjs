/** A generator of numbers from 0 to 1, the same for the same seed: mulberry32. Both variants meet the same requests. */
export function seeded(seed) {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** An integer from `low` to `high`, both included. */
  random.integer = (low, high) => low + Math.floor(random() * (high - low + 1));
  return random;
}
