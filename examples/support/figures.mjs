// Figures as text.
import { formatAmount } from '../../bench/support/report.mjs';

export const milliseconds = (time) => formatAmount(time * 1e6, 'ns');
export const nanoseconds = (time) => formatAmount(time, 'ns');
export const mebibytes = (bytes) => formatAmount(bytes / 1024 / 1024, 'MiB');
export const count = (number) => Math.round(number).toLocaleString('en');

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
