import type { HostJobs, HostOutcome, HostWriter, JobLook, JobStart } from '../core/ports.ts';
import { jobScript } from './root-scripts.ts';

/** For one start, poll or stop: each is short, whatever the job does. */
const DEADLINE_MS = 45_000;

/** Long jobs over root scripts: all of them are started, polled and stopped by the one script `job.sh`. */
export function createJobs(hosts: HostWriter): HostJobs {
  const call = (host: string, args: readonly string[], signal: AbortSignal): Promise<HostOutcome> =>
    hosts.run(host, jobScript, args, { deadlineMs: DEADLINE_MS, signal });
  return {
    start: async ({ host, name, run }, script, args, signal) =>
      startOf(await call(host, ['start', name, run, script.name, script.sha256, ...args], signal)),
    poll: async ({ host, name, run }, offset, most, signal) =>
      lookOf(await call(host, ['poll', name, run, String(offset), String(most)], signal)),
    stop: async ({ host, name, run }, how, signal) => {
      const outcome = await call(host, ['stop', name, run, how], signal);
      const said = outcome.kind === 'exit' && outcome.code === 0 ? outcome.stdout.trim() : '';
      return said === 'STOPPED' ? 'stopped' : said === 'RUNNING' ? 'running' : 'unseen';
    },
  };
}

function startOf(outcome: HostOutcome): JobStart {
  switch (outcome.kind) {
    case 'exit': {
      const [word, run = ''] = outcome.stdout.trim().split(' ');
      if (outcome.code === 0 && (word === 'STARTED' || word === 'ATTACHED')) return { kind: 'runs' };
      if (outcome.code === 0 && word === 'BUSY') return { kind: 'busy', run };
      return { kind: 'refused', says: saidOf(outcome) };
    }
    case 'timeout':
    case 'lost':
    case 'signalled':
      return { kind: 'unknown', says: outcome.says };
    case 'unreachable':
    case 'no-banner':
      return { kind: 'away', says: outcome.says };
    default:
      return { kind: 'refused', says: outcome.says };
  }
}

const HEADER = /^(running|done|lost|none) (-|\d{1,3}) (\d+) (-|\d+) (-|\d+) (\d+)$/;

function lookOf(outcome: HostOutcome): JobLook {
  if (outcome.kind === 'unknown-host') return { kind: 'gone', says: outcome.says };
  if (outcome.kind !== 'exit') return { kind: 'unseen', says: outcome.says };
  const at = outcome.stdout.indexOf('\n');
  const read = HEADER.exec(outcome.stdout.slice(0, at));
  if (outcome.code !== 0 || outcome.truncated || !read) return { kind: 'unseen', says: saidOf(outcome) };
  const [, state, code, size, began, ended, now] = read;
  const seconds = (ended === '-' ? Number(now) : Number(ended)) - Number(began);
  const known = began !== '-' && (state === 'running' || ended !== '-');
  return {
    kind: 'seen',
    state: state as 'running' | 'done' | 'lost' | 'none',
    code: code === '-' ? null : Number(code),
    size: Number(size),
    forMs: known ? Math.max(0, seconds * 1000) : null,
    log: Buffer.from(outcome.stdout.slice(at + 1), 'base64'),
  };
}

function saidOf({ code, stderr }: { readonly code: number; readonly stderr: string }): string {
  const text = stderr.trim().slice(-400);
  return text === ''
    ? `job.sh ended with exit code ${code} and said nothing that can be read.`
    : `job.sh says: ${text}`;
}
