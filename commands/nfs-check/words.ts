import type { HostVerdict, MountState, MountVerdict } from './report.ts';

/** Worst first. */
const WORST: readonly (MountVerdict | HostVerdict)[] = [
  'hung',
  'host-key-changed',
  'unreachable',
  'no-banner',
  'timeout',
  'lost',
  'signalled',
  'io-error',
  'stale',
  'missing',
  'wrong-source',
  'read-only',
  'wrong-type',
  'failed',
  'truncated',
  'auth-failed',
  'host-key-unknown',
  'not-installed',
  'sudo-refused',
  'unknown-host',
  'wrong-options',
  'ok',
];

export function badness(verdict: MountVerdict | HostVerdict): number {
  return WORST.length - WORST.indexOf(verdict);
}

/** What a verdict means for builds, and what to do. */
const ADVICE: Readonly<Record<Exclude<MountVerdict, 'ok'>, string>> = {
  hung: 'hung: the mount does not answer. Every build that touches it stops where it is and cannot be killed; kojid may hang too. Disable the builder so that no new build starts there. Where the server is reachable, look at nfsd on it first (rpcinfo, its log, its disks); where it is not, at the server itself and the network. The processes go on by themselves when the server is back; if not, only a reboot of the builder frees them.',
  'io-error':
    'io-error: the mount answers with an error. Builds fail at their first write or read. Look at the export and the disks on the server, and at dmesg on the host.',
  stale:
    'stale: the server no longer knows what is mounted here: the export was moved, remade, or its disk was swapped. Builds fail. On the host: stop kojid, `umount -l` and mount it again, start kojid.',
  missing:
    'missing: nothing is mounted there, so builds would write to the local disk. Mount it (`mount` with its line in /etc/fstab) before kojid takes another task, and look for files that landed below the mount point.',
  'wrong-source':
    'wrong-source: something else is mounted there. Builds read and write the wrong tree. Compare /etc/fstab with the config of this check; one of them is wrong.',
  'wrong-type':
    'wrong-type: what is mounted there is no NFS. Compare /etc/fstab with the config of this check.',
  'read-only':
    'read-only: builds cannot write there. After an error on the server: mend that, then `mount -o remount,rw`.',
  'wrong-options':
    'wrong-options: it works, but not as it should be mounted. `soft` loses data when the server is slow. Correct /etc/fstab and mount it again when the builder is idle.',
};

export function adviceFor(verdicts: ReadonlySet<MountVerdict | HostVerdict>): readonly string[] {
  return Object.entries(ADVICE)
    .filter(([verdict]) => verdicts.has(verdict as MountVerdict))
    .map(([, text]) => text);
}

/** What was seen of a mount, in one cell. */
export function details({ mount, facts, verdict }: MountState, now: Date): string {
  const get = (name: string): string | undefined => facts.find(([key]) => key === name)?.[1];
  const parts: string[] = [];
  const source = get('source');
  if (source !== undefined) parts.push(`is ${source}, should be ${mount.from}`);
  if (verdict === 'missing') {
    const above = get('hidden-by');
    parts.push(above ? `hidden by a later mount on ${above}` : `should be ${mount.from}`);
  }
  if (verdict === 'wrong-type') parts.push(`is ${get('type') ?? 'something else'}`);
  for (const [name, value] of facts) if (name === 'option') parts.push(value);
  const error = get('error');
  if (error !== undefined) parts.push(error);
  const since = Number(get('since') ?? Number.NaN);
  if (Number.isFinite(since)) parts.push(ago(now.getTime() / 1000 - since));
  const probe = get('probe');
  if (probe !== undefined) parts.push(`probe in state ${probe}`);
  const also = get('also');
  if (also !== undefined) parts.push(`also ${also.replaceAll(',', ', ')}`);
  const server = get('server');
  if (server !== undefined)
    parts.push(`server ${server} ${get('reachable') === 'yes' ? 'is reachable' : 'does not answer'}`);
  const free = get('free');
  if (free !== undefined) parts.push(`${space(free)} free`);
  return parts.join('; ');
}

function space(text: string): string {
  const mb = Number.parseInt(text, 10);
  return mb >= 10_240 ? `${Math.round(mb / 1024)} GB` : `${mb} MB`;
}

function ago(seconds: number): string {
  if (seconds < 90) return 'since a moment ago';
  if (seconds < 5400) return `for ${Math.round(seconds / 60)} minutes`;
  if (seconds < 172_800) return `for ${Math.round(seconds / 3600)} hours`;
  return `for ${Math.round(seconds / 86_400)} days`;
}
