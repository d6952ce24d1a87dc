import type { HostReader, HostScript } from '../core/ports.ts';
import { loadScript } from '../core/script.ts';
import { JOBS_LIST } from './bundle.ts';
import { isJob } from './root-scripts.ts';

/** One line of what `steward doctor` shows of a host. */
export interface Examined {
  readonly host: string;
  /** `ssh`, `host key`, `sudo`, or the name of a root script. */
  readonly what: string;
  readonly state: 'ok' | 'bad' | 'skipped';
  /** What was found, and what to do about it. */
  readonly says: string;
}

const script = loadScript(new URL('./examine.sh', import.meta.url));
const DEADLINE_MS = 15_000;

export async function examineHost(about: {
  readonly host: string;
  readonly scripts: readonly HostScript[];
  readonly scriptsDir: string;
  readonly read: HostReader['read'];
  readonly signal: AbortSignal;
}): Promise<readonly Examined[]> {
  const { host, scripts, scriptsDir } = about;
  const row = (what: string, state: Examined['state'], says: string): Examined => ({
    host,
    what,
    state,
    says,
  });
  const paths = scripts.map((one) => `${scriptsDir}/${one.name}`);
  const outcome = await about.read(host, script, paths, { deadlineMs: DEADLINE_MS, signal: about.signal });
  if (outcome.kind !== 'exit') {
    const key = outcome.kind.startsWith('host-key');
    const shown = key ? outcome.says : outcome.kind === 'auth-failed' ? 'is the known one' : 'not looked at';
    const later = scripts.map((one) => row(one.name, 'skipped', 'not looked at'));
    return [
      row('host key', key ? 'bad' : outcome.kind === 'auth-failed' ? 'ok' : 'skipped', shown),
      row('ssh', key ? 'skipped' : 'bad', key ? 'not tried' : outcome.says),
      ...later,
    ];
  }
  const lines = outcome.stdout.split('\n');
  const sudo = lines.includes('sudo yes');
  return [
    row('host key', 'ok', 'is the known one'),
    row(
      'ssh',
      outcome.code === 0 ? 'ok' : 'bad',
      outcome.code === 0 ? 'works' : shellTrouble(outcome.stderr),
    ),
    row('sudo', sudo ? 'ok' : 'bad', sudo ? 'is installed' : 'there is no sudo on the PATH: install it'),
    ...scripts.map((one) => {
      const [state, says] = verdict(one, lines, `${scriptsDir}/${one.name}`);
      return row(one.name, state, says);
    }),
  ];
}

function verdict(wanted: HostScript, lines: readonly string[], path: string): ['ok' | 'bad', string] {
  const line = lines.find((one) => one.startsWith('script ') && one.endsWith(` ${path}`));
  const [, sum = '-', may = 'no'] = line?.split(' ') ?? [];
  const install = 'Install the bundle of `steward host bundle` there.';
  if (sum === '-') return ['bad', `${path} is missing or cannot be read. ${install}`];
  if (sum !== wanted.sha256) return ['bad', `${path} is another version (${sum.slice(0, 12)}). ${install}`];
  const who = isJob(wanted.name) ? JOBS_LIST : 'sudo';
  if (may !== 'yes') return ['bad', `${path} is there, but ${who} does not allow it. ${install}`];
  return ['ok', `this version (${sum.slice(0, 12)}), and ${who} allows it`];
}

function shellTrouble(stderr: string): string {
  return `the login shell failed: ${stderr.trim().slice(0, 200)}. The account needs bash on its PATH.`;
}
