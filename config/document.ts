import { isNode, LineCounter, parseDocument } from 'yaml';
import type { Problem } from './problems.ts';

/** The text of a config file, read as YAML 1.2. `lineOf` is the line on which a setting stands, or its parent. */
export type Document =
  | {
      readonly ok: true;
      readonly value: unknown;
      lineOf(keys: readonly (string | number)[]): number | undefined;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function readDocument(text: string): Document {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core' });
  if (parsed.errors.length > 0) {
    const problems = parsed.errors.map(({ message, pos }) => ({
      path: '',
      says: `is not YAML: ${message.slice(0, 200)}`,
      line: lines.linePos(pos[0]).line,
    }));
    return { ok: false, problems };
  }
  let value: unknown;
  try {
    value = parsed.toJS({ maxAliasCount: 100 });
  } catch {
    return {
      ok: false,
      problems: [
        { path: '', says: 'is not YAML that can be used: an alias is unknown or grows without end' },
      ],
    };
  }
  return {
    ok: true,
    value,
    lineOf(keys) {
      for (let most = keys.length; most > 0; most--) {
        const node = parsed.getIn(keys.slice(0, most), true);
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      }
      return undefined;
    },
  };
}
