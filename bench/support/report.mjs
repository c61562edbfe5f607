import { formatTable } from './table.mjs';

/**
 * One line of a question's answer. Figures are in `unit`.
 *
 * @typedef {object} Row
 * @property {string} work What was measured, in the package's own words.
 * @property {'ns' | 'MiB'} unit
 * @property {import('./measure.mjs').Figure} offheap
 * @property {{ name: string, figure: import('./measure.mjs').Figure }[]} references
 * @property {{ text: string, met: boolean }[]} budgets
 */

/**
 * @param {string} work
 * @param {import('./measure.mjs').Figure} offheap
 * @param {Record<string, import('./measure.mjs').Figure | undefined>} references By name; what is undefined is left out.
 * @param {{ unit?: 'ns' | 'MiB', budgets?: ((row: Row) => { text: string, met: boolean })[] }} [options]
 * @returns {Row}
 */
export function row(work, offheap, references, { unit = 'ns', budgets = [] } = {}) {
  const list = Object.entries(references)
    .filter(([, figure]) => figure !== undefined)
    .map(([name, figure]) => ({ name, figure }));
  const result = { work, unit, offheap, references: list, budgets: [] };
  result.budgets = budgets.map((budget) => budget(result)).filter((budget) => budget !== undefined);
  return result;
}

/** The median may be at most `limit`. */
export function atMost(limit) {
  return ({ unit, offheap }) => ({
    text: `≤ ${formatAmount(limit, unit, { round: true })}`,
    limit,
    met: offheap.median <= limit,
  });
}

/** The median may be at most `times` that of the reference called `name`, where that one could be measured. */
export function atMostTimes(times, name) {
  return ({ offheap, references }) => {
    const reference = references.find((other) => other.name === name);
    return (
      reference && {
        text: `≤ ${times < 0.2 ? formatRatio(times) : times} × ${name}`,
        met: offheap.median <= times * reference.figure.median,
      }
    );
  };
}

/** The median may be at most `limit` above that of the reference called `name`. */
export function atMostOnTop(limit, name) {
  return ({ unit, offheap, references }) => {
    const { figure } = references.find((other) => other.name === name);
    return {
      text: `≤ ${formatAmount(limit, unit, { round: true })} on top`,
      met: offheap.median <= figure.median + limit,
    };
  };
}

/**
 * Hands the answers to run.mjs, or prints them where the question runs alone.
 *
 * @param {...{ question: string, rows: Row[] }} answers
 */
export function report(...answers) {
  if (process.send) {
    process.send(answers);
    process.disconnect();
  } else {
    console.log(formatTable(answers));
  }
}

/** `1.20 ns`, `12.3 µs`, `123 MiB`: three digits. A round one, such as a limit, drops its zeros: `2.2 ns`. */
export function formatAmount(value, unit, { round = false } = {}) {
  const units = unit === 'ns' ? ['ns', 'µs', 'ms', 's'] : [unit];
  let amount = value;
  let name = 0;
  while (amount >= 999.5 && name < units.length - 1) {
    amount /= 1000;
    name++;
  }
  const digits = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0;
  const options = { minimumFractionDigits: round ? 0 : digits, maximumFractionDigits: digits };
  return `${amount.toLocaleString('en', options)} ${units[name]}`;
}

/** offheap ÷ reference: `1.36`, and `1/22` where that says more. */
export function formatRatio(ratio) {
  if (ratio >= 0.2) {
    return ratio.toFixed(2);
  }
  return ratio > 0 ? `1/${Math.round(1 / ratio).toLocaleString('en')}` : '0';
}
