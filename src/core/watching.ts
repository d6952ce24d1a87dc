import { z } from 'zod';
import type { Command } from './command.ts';
import type { Concern } from './concern.ts';
import { STEWARD } from './events.ts';
import { createTurns } from './lease.ts';
import { NOTICE_LIMITS, type Notice } from './notice.ts';
import type { Person } from './person.ts';
import type { Site } from './planner.ts';
import type { Log } from './ports.ts';
import { Refused, Unavailable } from './refused.ts';
import type { LockStore, NotesStore, NoticeStore } from './store.ts';
import { awayOf } from './waiting.ts';
import { viewOf, type World } from './world.ts';

/** Runs what commands declare as their `watch`, once a day each. */
export interface Watcher {
  /** Does what is due. Safe to call often, and in several processes. */
  tick(signal: AbortSignal): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longest that one look may take. */
const LOOK_MS = 120_000;
const LEASE_MS = 30_000;
/** After a start, what was missed waits so long: much else begins then. */
const SETTLE_MS = 3 * 60_000;
const RETRY_MS = 10 * 60_000;
/** So long a look may fail before somebody is told. */
const PATIENCE_MS = 3 * DAY_MS;
/** More lines nobody reads in a message. */
const MOST_TOGETHER = 30;
/** Less than a message may have, for what stands around them. */
const MOST_TEXT = NOTICE_LIMITS.text - 1_200;

const state = z.object({
  /** The day that was looked at last, by its hour. */
  done: z.string().optional(),
  tried: z.string().optional(),
  failingSince: z.string().optional(),
});
type State = z.output<typeof state>;

export function createWatcher(deps: {
  readonly site: Site;
  readonly world: World;
  readonly notices: Pick<NoticeStore, 'put' | 'seen'>;
  readonly notes: NotesStore;
  readonly locks: LockStore;
  readonly owner: (kojiUser: string) => Promise<string | null>;
  /** Hour of the day, UTC. */
  readonly hour: number;
  readonly now: () => Date;
  readonly log: Log;
}): Watcher {
  const { site, world, notices, notes, locks, owner, hour, now, log } = deps;
  const alone = createTurns({ locks, log, leaseMs: LEASE_MS });
  const started = now().getTime();
  const watched = site.registry.all.filter((command) => command.watch !== null);

  /** The last time that a look was due. */
  function slot(): Date {
    const at = now();
    const today = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), hour);
    return new Date(today <= at.getTime() ? today : today - DAY_MS);
  }

  const stateOf = async ({ name }: Command): Promise<State> =>
    state.safeParse(await notes.get(`watch:${name}`)).data ?? {};

  function isDue(so: State): boolean {
    const at = slot();
    // Not the same, rather than later: the clock may have been wrong.
    if (so.done === at.toISOString()) return false;
    if (at.getTime() < started && Math.abs(now().getTime() - started) < SETTLE_MS) return false;
    const since = so.tried === undefined ? Number.NaN : now().getTime() - Date.parse(so.tried);
    return !(since >= 0 && since < RETRY_MS);
  }

  async function look(command: Command, signal: AbortSignal): Promise<readonly Concern[]> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
    const view = { ...viewOf(world, NOBODY, now(), within), owner };
    return (await command.watch?.(view, site.settings(command.name))) ?? [];
  }

  /** Stores what was not told yet; gives how many messages that makes. */
  async function tell(command: Command, concerns: readonly Concern[]): Promise<number> {
    const keyOf = (key: string): string => `watch:${command.name}:${key}`;
    const seen = await notices.seen(concerns.map(({ key }) => keyOf(key)));
    const fresh = concerns.filter(({ key }) => !seen.has(keyOf(key)));
    let told = 0;
    let wrong: unknown;
    for (const some of grouped(fresh)) {
      const [first] = some;
      if (!first) continue;
      const { together } = first;
      const covers = some.flatMap((one) => [one.key, ...(one.covers ?? [])]).map(keyOf);
      const one: Notice =
        some.length > 1 && together
          ? { ...joined(some, together), key: keyOf(`${together.key}:${now().toISOString().slice(0, 10)}`) }
          : { key: keyOf(first.key), ...partsOf(first) };
      const others = covers.filter((key) => key !== one.key);
      try {
        if ((await notices.put(one, others)) === 'new') told += 1;
      } catch (error) {
        // One that can be no message keeps no other from being told.
        if (!(error instanceof Refused)) throw error;
        wrong ??= error;
      }
    }
    if (wrong !== undefined) throw wrong;
    return told;
  }

  async function failed(command: Command, so: State, error: unknown): Promise<void> {
    const at = now();
    const before = Date.parse(so.failingSince ?? '');
    const since = before <= at.getTime() ? new Date(before) : at;
    log.warn('a watch failed; it is tried again', { command: command.name, since, error });
    const tried = { tried: at.toISOString(), failingSince: since.toISOString() };
    await notes.set(`watch:${command.name}`, { ...tried, ...(so.done ? { done: so.done } : {}) });
    if (at.getTime() - since.getTime() < PATIENCE_MS) return;
    const known = error instanceof Refused || error instanceof Unavailable ? error : awayOf(error);
    await notices.put({
      key: `watch:${command.name}:failing:${since.toISOString()}`,
      to: { kind: 'approvers' },
      title: `The daily look of ${command.name} has failed since ${since.toISOString().slice(0, 10)}`,
      lines: [
        known?.message.slice(0, 400) ??
          'Something went wrong inside Steward; the log of the worker has the cause.',
        'Until it works, nobody is told in time of what ends soon. I go on trying; this is said once.',
      ],
      next: [command.examples[0] ?? command.name],
    });
  }

  async function run(command: Command, signal: AbortSignal): Promise<void> {
    // Another process may have done it since.
    const so = await stateOf(command);
    if (!isDue(so)) return;
    const due = slot().toISOString();
    try {
      const concerns = await look(command, signal);
      const told = await tell(command, concerns);
      await notes.set(`watch:${command.name}`, { done: due });
      log.info('watched', { command: command.name, concerns: concerns.length, told });
    } catch (error) {
      if (!signal.aborted) await failed(command, so, error);
    }
  }

  return {
    async tick(signal) {
      const states = await Promise.all(watched.map(stateOf));
      const due = watched.filter(
        (command, index) => !site.rule(command.name).off && isDue(states[index] ?? {}),
      );
      if (due.length === 0) return;
      await alone('watch', async () => {
        for (const command of due) if (!signal.aborted) await run(command, signal);
      });
    },
  };
}

/** Nobody asks: it is the program that looks. */
const NOBODY: Person = { ...STEWARD, roles: new Set(), accounts: {} };

/** Those that belong together, in their order. */
function grouped(concerns: readonly Concern[]): readonly (readonly Concern[])[] {
  const groups = new Map<string, Concern[]>();
  for (const one of concerns) {
    const key = one.together ? `together ${one.together.key}` : `alone ${one.key}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

function partsOf({ to, title, lines, next = [], together }: Concern): Omit<Notice, 'key'> {
  return { to, title, lines: [...lines, ...(together ? [together.says] : [])], next };
}

function joined(
  some: readonly Concern[],
  { title, says }: NonNullable<Concern['together']>,
): Omit<Notice, 'key'> {
  const [first] = some;
  const all = some.flatMap(({ lines }) => lines);
  let room = MOST_TEXT;
  const shown = all.slice(0, MOST_TOGETHER).filter((line) => {
    room -= line.length + 1;
    return room >= 0;
  });
  const more = all.length > shown.length ? [`… and ${all.length - shown.length} more.`] : [];
  return {
    to: first?.to ?? { kind: 'approvers' },
    title,
    lines: [says, ...shown, ...more],
    next: first?.next ?? [],
  };
}
