import { callText } from './call-text.ts';
import type { Reply } from './card.ts';
import type { RequestEvent } from './events.ts';
import type { Status } from './request.ts';
import type { Listed } from './store.ts';

/** What is still going on. */
export const OPEN: readonly Status[] = ['asked', 'planned', 'approved', 'running', 'unknown'];

/** A list of requests. */
export function listReply(title: string, listed: readonly Listed[], now: Date): Reply {
  if (listed.length === 0) return { tone: 'info', title: `${title}: none`, lines: [] };
  return {
    tone: 'info',
    title,
    lines: [],
    table: {
      columns: ['Request', 'What', 'State', 'Asked by', 'Last change'],
      rows: listed.map((one) => [
        one.id,
        one.title || one.text,
        STATE_WORDS[one.status],
        one.asker,
        ago(one.updated, now),
      ]),
    },
    next: [`show ${listed[0]?.id ?? 'r1'}`],
  };
}

/** What people read for a state. */
export const STATE_WORDS: Readonly<Record<Status, string>> = {
  asked: 'being worked out',
  planned: 'waits for approval',
  approved: 'approved, starts',
  running: 'running',
  unknown: 'outcome unknown',
  failed: 'failed',
  succeeded: 'done',
  answered: 'answered',
  refused: 'refused',
  denied: 'denied',
  cancelled: 'cancelled',
  expired: 'expired',
};

/** The history of a request, with every decision and every call. */
export function historyReply(id: string, events: readonly RequestEvent[]): Reply {
  return {
    tone: 'info',
    title: `History of ${id}`,
    lines: [],
    table: {
      columns: ['When (UTC)', 'Who', 'What'],
      rows: events.map((event) => [stamp(event.at), event.by.name, describe(event)]),
    },
  };
}

/** `2 minutes ago`. */
export function ago(then: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - then.getTime()) / 1000));
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  for (const [size, name] of units) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${name}${count > 1 ? 's' : ''} ago`;
  }
  return seconds < 5 ? 'just now' : `${seconds} seconds ago`;
}

function stamp(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

function describe(event: RequestEvent): string {
  switch (event.type) {
    case 'asked':
      return `asked: ${event.data.text}`;
    case 'answered':
      return `answered: ${event.data.answer.title}`;
    case 'planned':
      return `plan ${event.data.n}: ${event.data.steps.map((step) => callText(step.effect)).join('; ') || 'nothing to do'}`;
    case 'approved':
      return `approved plan ${event.data.n} (${event.data.via})`;
    case 'denied':
      return `denied: ${event.data.because} (${event.data.via})`;
    case 'waiting':
    case 'refused':
    case 'failed':
    case 'unknown':
    case 'succeeded':
    case 'drifted':
      return `${event.type}: ${event.data.says}`;
    case 'step-started':
    case 'step-not-done':
      return `${event.type.replace('-', ' ')}: ${event.data.key}`;
    case 'step-done':
      return `step done: ${event.data.key} (${event.data.how})`;
    case 'step-failed':
    case 'step-progress':
    case 'step-unknown':
      return `${event.type.replace('-', ' ')}: ${event.data.key}: ${event.data.says}`;
    case 'cancelled':
    case 'stopping':
      return `${event.type}${event.data.because ? `: ${event.data.because}` : ''}`;
    case 'undo-asked':
      return `undo asked: ${event.data.request}`;
    case 'reminded':
      return 'told the approvers once more';
    default:
      return event.type;
  }
}
