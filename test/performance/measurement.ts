/** What a benchmark reports: rows of one table. It measures nothing itself. */

/** One row of the table. */
export type Row = {
  readonly id: string;
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  /** Only counts are asserted: false makes the run fail. Times leave it out. */
  readonly holds?: boolean;
};

/** How long a run may take: by default minutes, with `--full` as long as it needs. */
export type Effort = 'default' | 'full';

/** The rows as a Markdown table. */
export function markdownTable(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['id', 'what', 'measured', 'goal', 'asserted']),
    line(['---', '---', '---', '---', '---']),
    ...rows.map(({ id, what, measured, goal, holds }) =>
      line([id, what, measured, goal, holds === undefined ? '' : holds ? 'holds' : '**BROKEN**']),
    ),
  ].join('\n');
}

/** A ratio and its 95 % interval as text. */
export function ratioText(ratio: number, [low, high]: readonly [number, number]): string {
  return `${ratio.toFixed(2)}× (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** Milliseconds as text. */
export function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
