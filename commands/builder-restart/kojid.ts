import type { View } from '../../src/core/command.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';

const since = loadScript(new URL('./kojid-since.sh', import.meta.url));
const DEADLINE_MS = 15_000;
const LONGEST_VALUE = 80;

/** What systemd says of kojid on a host, by that host's own clocks. */
export interface Kojid {
  /** `active`, `activating`, `deactivating`, `failed`, `inactive`. */
  readonly state: string;
  /** As systemd writes it; for people. */
  readonly sinceText: string;
  /** Names one start of kojid: the boot, and when in it. */
  readonly mark: string;
  /** How long it has been running by the host's clock that only goes forward. Null: it never was. */
  readonly ageMs: number | null;
  /** Do running builds outlive a restart? */
  readonly keepsTasks: boolean;
}

/** Asks a host. Throws `Unavailable` when it cannot be asked, `Refused` when it has no kojid. */
export async function lookAtKojid(host: string, view: View): Promise<Kojid> {
  const outcome = await view.hosts.read(host, since, [], { deadlineMs: DEADLINE_MS, signal: view.signal });
  if (outcome.kind !== 'exit') throw new Unavailable(`host ${host}`, outcome.says);
  if (outcome.code !== 0)
    throw new Unavailable(
      `host ${host}`,
      `systemd on ${host} does not answer: ${outcome.stderr.trim().slice(0, 200)}`,
    );
  const value = new Map(
    outcome.stdout.split('\n').map((line) => {
      const at = line.indexOf('=');
      // A host that was broken into says what it likes; it is not to fill the plan with it.
      return [line.slice(0, at), line.slice(at + 1).slice(0, LONGEST_VALUE)];
    }),
  );
  if (value.get('LoadState') !== 'loaded')
    throw new Refused(`${host} has no kojid.service.`, 'Is it a builder? `builder list` shows them.');
  const entered = Number(value.get('ActiveEnterTimestampMonotonic') ?? 0);
  const uptime = Number(value.get('uptime') ?? Number.NaN);
  return {
    state: /^[a-z-]{1,20}$/.exec(value.get('ActiveState') ?? '')?.[0] ?? 'unknown',
    sinceText: value.get('ActiveEnterTimestamp') || 'never',
    mark: `${value.get('boot') ?? ''}:${entered}`,
    ageMs: entered > 0 && Number.isFinite(uptime) ? uptime * 1000 - entered / 1000 : null,
    keepsTasks: value.get('KillMode') === 'process',
  };
}
