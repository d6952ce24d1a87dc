/** A post's text without its code: what the forum looks through for mentions, links, tags and markup. */
export function withoutCode(raw: string): string {
  const kept: string[] = [];
  let fence: string | null = null;
  for (const line of raw.split('\n')) {
    const mark = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/u.exec(line)?.[1];
    if (fence === null && mark) fence = mark;
    else if (fence === null) kept.push(line);
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = null;
  }
  if (fence !== null) throw new Error('a code block has no end');
  return kept.map(withoutSpans).join('\n');
}

/** Reads from the left, as Markdown does: a backslash takes what follows, a run of backticks ends at one as long. */
function withoutSpans(line: string): string {
  let kept = '';
  let at = 0;
  while (at < line.length) {
    if (line[at] === '\\') {
      kept += line.slice(at, at + 2);
      at += 2;
      continue;
    }
    const run = /^`+/u.exec(line.slice(at))?.[0];
    const end = run ? endOf(line, at + run.length, run.length) : -1;
    if (run && end >= 0) {
      kept += '⌷';
      at = end;
    } else {
      kept += run ?? line[at] ?? '';
      at += run?.length ?? 1;
    }
  }
  return kept;
}

function endOf(line: string, from: number, length: number): number {
  for (const run of line.slice(from).matchAll(/`+/gu))
    if (run[0].length === length) return from + run.index + length;
  return -1;
}
