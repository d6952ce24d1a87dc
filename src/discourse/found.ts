import type { z } from 'zod';
import type { Answered } from './budget.ts';
import type { Found } from './model.ts';
import { NOT_ASKED } from './outcome.ts';

/** What a look found. */
export function found<T>(called: Answered, shape: z.ZodType<T>): Found<T> {
  if (called.kind === 'ok') {
    const read = shape.safeParse(called.data);
    if (read.success) return { kind: 'ok', value: read.data };
    const [issue] = read.error.issues;
    return {
      kind: 'away',
      says: `an answer that cannot be understood: ${issue?.path.join('.')}: ${issue?.message}`,
    };
  }
  const gone =
    called.kind === 'error' && ([403, 404, 410].includes(called.status) || called.type === NOT_ASKED);
  return gone ? { kind: 'gone' } : { kind: 'away', says: saysOf(called) };
}

/** Why there is no answer, for the log. */
export function saysOf(called: Answered): string {
  switch (called.kind) {
    case 'ok':
      return 'fine';
    case 'error':
      return called.says.join(' ');
    case 'limited':
      return `it asks to wait for ${Math.ceil(called.retryAfterMs / 1000)} s`;
    case 'stopped':
      return 'stopping';
    default:
      return called.says;
  }
}
