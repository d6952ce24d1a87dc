import type { RequestEvent } from './events.ts';
import { runOf } from './job-state.ts';
import { presentable } from './log-hygiene.ts';
import type { EffectOf } from './plan.ts';
import type { HostJobs, JobLog, JobLogs, JobLook, JobRun } from './ports.ts';
import { Refused, Unavailable } from './refused.ts';
import type { RequestStore } from './store.ts';
import { awayOf } from './waiting.ts';

/** As much of a log is given away, from its end. */
const MOST_BYTES = 20_000_000;
const PIECE_BYTES = 512 * 1024;
const CALL_MS = 30_000;
/** After so long what was read has to do. */
const READ_MS = 40_000;
/** Behind the end of any log: only its size is told. */
const BEHIND = 1e14;

/** Reads logs by `poll`, which looks at a job and does nothing else: no lock, and nothing is remembered of it. */
export function createJobLogs(deps: {
  readonly requests: Pick<RequestStore, 'events'>;
  readonly hostJobs: Pick<HostJobs, 'poll'>;
  readonly now: () => Date;
  /** For tests: as much is given away. */
  readonly mostBytes?: number;
}): JobLogs {
  const { requests, hostJobs, now, mostBytes = MOST_BYTES } = deps;

  async function look(run: JobRun, offset: number, most: number, signal: AbortSignal): Promise<JobLook> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
    return hostJobs.poll(run, offset, most, within).catch((error: unknown): JobLook => {
      const away = awayOf(error);
      if (!away) throw error;
      return { kind: 'unseen', says: away.message };
    });
  }

  /** From the end backwards, so that what is left out is the beginning. */
  async function readEnd(run: JobRun, size: number, signal: AbortSignal) {
    const until = now().getTime() + READ_MS;
    const pieces: Uint8Array[] = [];
    let from = size;
    while (from > 0 && size - from < mostBytes && now().getTime() < until) {
      const at = Math.max(0, from - PIECE_BYTES, size - mostBytes);
      const piece = await look(run, at, from - at, signal);
      if (piece.kind !== 'seen' || piece.log.length < from - at) {
        if (pieces.length > 0) break;
        throw new Unavailable(`host ${run.host}`, piece.kind === 'seen' ? CHANGED : piece.says);
      }
      pieces.unshift(piece.log);
      from = at;
    }
    const bytes = Buffer.concat(pieces);
    if (from === 0) return { from, bytes };
    // The line that is cut in two.
    const rest = bytes.indexOf(0x0a) + 1;
    return { from: from + rest, bytes: bytes.subarray(rest) };
  }

  return {
    async last(request, signal) {
      const events = await requests.events(request);
      if (events.length === 0)
        throw new Refused(`There is no request ${request}.`, '`requests all` lists the latest.');
      const run = lastRun(request, events);
      if (!run) return null;
      const first = await look(run, BEHIND, 1, signal);
      if (first.kind === 'gone') throw new Refused(`${first.says} Its log is still on that host.`);
      if (first.kind === 'unseen') throw new Unavailable(`host ${run.host}`, first.says);
      const { state, code, forMs, size } = first;
      const { from, bytes } = await readEnd(run, size, signal);
      return { ...about(run), state, code, forMs, size, from, text: await presentable(bytes) };
    },
  };
}

const CHANGED = 'The log was taken away while it was read.';

function about({ host, name, run }: JobRun): Pick<JobLog, 'host' | 'name' | 'path'> {
  // As job.sh keeps them.
  return { host, name, path: `/var/lib/steward-jobs/${name}/runs/${run}/log` };
}

/** The run that was begun last, under whatever plan. */
function lastRun(request: string, events: readonly RequestEvent[]): JobRun | null {
  const jobs = new Map<string, EffectOf<'job'>>();
  const tries = new Map<string, number>();
  let last: JobRun | null = null;
  for (const event of events) {
    if (event.type === 'planned')
      for (const [index, { effect }] of event.data.steps.entries())
        if (effect.kind === 'job') jobs.set(event.data.digests[index] ?? '', effect);
    if (event.type !== 'step-started') continue;
    const { digest } = event.data;
    const job = jobs.get(digest);
    if (!job) continue;
    const begun = (tries.get(digest) ?? 0) + 1;
    tries.set(digest, begun);
    last = { host: job.host, name: job.name, run: runOf(request, digest, begun) };
  }
  return last;
}
