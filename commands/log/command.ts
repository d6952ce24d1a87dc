import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { requestId } from '../../src/core/fields.ts';
import type { JobLog } from '../../src/core/ports.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { idIn } from '../../src/core/verbs.ts';
import { OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';

const LAST_LINES = 20;
const LAST_CHARACTERS = 2_000;

export default defineCommand({
  name: 'log',
  summary:
    'Show the whole log of what a request ran on a host: a synchronisation that failed, or that goes on',
  params: z.object({
    request: requestId({
      title: 'Request',
      hint: 'Its id; in its own thread you can leave it out.',
      example: 'r42',
    }),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  perMinute: 5,
  examples: ['log r1'],
  recognise: {
    words: [
      anyOf(`log, logs, log file, logfile`),
      REPO_WORDS,
      anyOf(`sync, syncs, synced, synchronisation, synchronization, mirroring, job`),
      anyOf(`show, see, send, post, read, give, get, where, whole, full, complete`),
    ],
    unless: [...OTHER_REPOS, ...anyOf(`katello, content view, content views, capsule*, smart proxy`)],
    given: { request: /\b(r[1-9]\d{0,9})\b/i },
  },
  async plan(given, view): Promise<Answer> {
    const id = idIn(given) ?? '';
    const log = await view.jobLogs.last(id, view.signal);
    if (log === null)
      return {
        kind: 'answer',
        title: `${id} has run nothing that leaves a log on a host`,
        verdict: 'ok',
        next: [`history ${id}`],
      };
    const title = `Log of ${id}: ${log.name} on ${log.host}`;
    const there = `on ${log.host} in \`${log.path}\``;
    if (log.state === 'none')
      return {
        kind: 'answer',
        title,
        verdict: 'warn',
        lines: [`It is not there any more. ${keptText(log)}`],
      };
    if (log.text === '')
      return {
        kind: 'answer',
        title,
        verdict: 'ok',
        lines: [stateText(log), `It is empty so far, ${there}.`],
      };
    return {
      kind: 'answer',
      title,
      verdict: log.state === 'lost' || (log.code ?? 0) !== 0 ? 'warn' : 'ok',
      lines: [stateText(log), ...partText(log, there)],
      file: {
        name: `${id}-${log.name}.txt`,
        bytes: Buffer.byteLength(log.text),
        text: log.text,
        last: lastLines(log.text),
        elsewhere: there,
        line: `log ${id}`,
      },
    };
  },
});

function stateText({ state, code, forMs, size }: JobLog): string {
  const after = forMs === null ? '' : ` after ${lasting(forMs)}`;
  switch (state) {
    case 'running':
      return `It goes on${forMs === null ? '' : `, for ${lasting(forMs)} now`}; its log has ${amount(size)} so far.`;
    case 'done':
      return `It ended ${code === 0 ? 'well' : `with exit code ${code ?? '?'}`}${after}; its log has ${amount(size)}.`;
    default:
      return `It ended, and how nobody knows: a reboot, or it was killed. Its log has ${amount(size)}.`;
  }
}

/** Where a part of it is left out. */
function partText({ size, from }: JobLog, there: string): readonly string[] {
  if (from === 0) return [];
  return [`That is more than is given away: this is the last ${amount(size - from)}. All of it is ${there}.`];
}

function keptText({ host, name }: JobLog): string {
  return `Logs of the five newest runs of ${name} stay on ${host}, as long as they have no more than 1 GB together; a new run takes the oldest away.`;
}

function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n').slice(-LAST_LINES);
  while (lines.length > 1 && lines.join('\n').length > LAST_CHARACTERS) lines.shift();
  return lines.join('\n').slice(-LAST_CHARACTERS).toWellFormed();
}

function lasting(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1000)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function amount(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
