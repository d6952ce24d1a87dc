/** What a figure has to be. `ratio` is ours divided by the peer's. */
export interface Target {
  readonly of: 'ours' | 'ratio';
  readonly is: 'at least' | 'at most' | 'under';
  readonly value: number;
}

/** One measured thing. */
export interface Figure {
  readonly name: string;
  readonly ours: number;
  /** The same of the peer, measured in the same run; null where there is nothing to compare with. */
  readonly peer: number | null;
  readonly unit: string;
  /** Null: told for understanding, and no target. */
  readonly target: Target | null;
}

/** A benchmark that cannot be run here. */
export interface Skipped {
  readonly name: string;
  readonly why: string;
}

/** A figure as it is printed with `--json`. */
export interface Line {
  readonly name: string;
  readonly ours: number | null;
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly unit: string | null;
  readonly target: string | null;
  /** Null where there is no target, or nothing was measured. */
  readonly met: boolean | null;
  readonly skipped?: string;
}

const SIGNS = { 'at least': '>=', 'at most': '<=', under: '<' } as const;

export function lineOf(one: Figure | Skipped): Line {
  if ('why' in one) {
    const nothing = { ours: null, peer: null, ratio: null, unit: null, target: null, met: null };
    return { name: one.name, ...nothing, skipped: one.why };
  }
  const { name, ours, peer, unit, target } = one;
  const ratio = peer === null ? null : ours / peer;
  return {
    name,
    ours: rounded(ours),
    peer: peer === null ? null : rounded(peer),
    ratio: ratio === null ? null : rounded(ratio),
    unit,
    target: target === null ? null : textOf(target),
    met: target === null ? null : isMet(target, ours, ratio),
  };
}

/** A number that is not one, and a ratio without a peer, meet no target. */
function isMet({ of, is, value }: Target, ours: number, ratio: number | null): boolean {
  const seen = of === 'ours' ? ours : (ratio ?? Number.NaN);
  if (is === 'at least') return seen >= value;
  return is === 'at most' ? seen <= value : seen < value;
}

function textOf({ of, is, value }: Target): string {
  return `${of} ${SIGNS[is]} ${value}`;
}

/** Three digits that matter; a number that is not one becomes -1, because JSON has none. */
function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : -1;
}

const COLUMNS = ['what', 'ours', 'peer', 'ratio', 'unit', 'target', ''] as const;

/** The lines as a table for people. */
export function tableOf(lines: readonly Line[]): string {
  const cell = (value: number | string | null): string => (value === null ? '-' : String(value));
  const verdict = ({ met, skipped }: Line): string => {
    if (skipped !== undefined) return `skipped: ${skipped}`;
    return met === null ? '' : met ? 'met' : 'MISSED';
  };
  const rows = [
    COLUMNS.map(String),
    ...lines.map((line) => {
      const { name, ours, peer, ratio, unit, target } = line;
      return [name, cell(ours), cell(peer), cell(ratio), cell(unit), cell(target), verdict(line)];
    }),
  ];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, at) =>
          at >= 1 && at <= 3 ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** 1 when a target was missed, or a benchmark broke. What was skipped is no miss. */
export function exitCodeOf(lines: readonly Line[], broken: number): 0 | 1 {
  return broken > 0 || lines.some((line) => line.met === false) ? 1 : 0;
}
