/** Lines of cells as text in columns: the first one flush left, the others flush right. */
export function alignColumns(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map(([title, ...cells]) =>
      [title.padEnd(widths[0]), ...cells.map((cell, i) => cell.padStart(widths[i + 1]))].join('   ').trimEnd(),
    )
    .join('\n');
}
