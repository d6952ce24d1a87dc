import type { Reply } from './card.ts';
import type { NewEvent } from './events.ts';
import type { Request } from './request.ts';

/** What comes of somebody's decision: what is written, and what they are told. */
export interface Decision {
  readonly events: readonly NewEvent[];
  readonly result: Reply;
}

/** It counts. */
export function yes(events: readonly NewEvent[], title: string, ...lines: readonly string[]): Decision {
  return { events, result: { tone: 'good', title, lines } };
}

/** A no that the state of things says. */
export function no(title: string, ...lines: readonly string[]): Decision {
  return { events: [], result: { tone: 'warn', title, lines } };
}

/** A no for want of rights: `bad`, and kept in the audit trail. */
export function denied(title: string, ...lines: readonly string[]): Decision {
  return { events: [], result: { tone: 'bad', title, lines } };
}

/** Where it stands, as the end of a sentence. */
export function standing(request: Request): string {
  const by = request.decidedBy ? ` by ${request.decidedBy.name}` : '';
  switch (request.status) {
    case 'denied':
      return `it was denied${by} (${request.says ?? 'no reason given'})`;
    case 'cancelled':
      return `it was cancelled${by}`;
    case 'approved':
    case 'running':
      return `it was approved${by} and is under way`;
    case 'succeeded':
      return 'it is done';
    case 'expired':
      return 'it expired, because nobody decided in time';
    case 'refused':
      return `it was refused (${request.says ?? 'no reason given'})`;
    case 'failed':
      return 'it failed';
    case 'answered':
      return 'it was only a question, and is answered';
    case 'unknown':
      return 'the outcome of a step is unknown';
    case 'asked':
      return 'it is being worked out';
    case 'planned':
      return 'it waits for approval';
  }
}
