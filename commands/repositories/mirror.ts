import type { View } from '../../src/core/command.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';
import { type MrepoConf, readMrepoConf } from './mrepo-conf.ts';
import { hostOf, type Row, readRows } from './reading.ts';
import type { Settings } from './settings.ts';

/** What an account without rights can see of the mirror. */
export const look = loadScript(new URL('./look.sh', import.meta.url));

/** Root's own word on what may be written there. */
export const ALLOWED = '/etc/steward/mirror.conf';

/** A file of the mirror's configuration. */
export interface ConfigFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly conf: MrepoConf;
}

/** Metadata that is on the mirror's disk. */
export interface Synced {
  /** `fedora41-x86_64/RPMS.os` */
  readonly place: string;
  readonly at: Date;
}

/** The mirror as it is at this moment. */
export interface Mirror {
  readonly host: string;
  /** The main file first; for reposync the .repo files. */
  readonly files: readonly ConfigFile[];
  readonly synced: readonly Synced[];
  /** Bytes that are free where packages go; null: not known. */
  readonly free: number | null;
}

/** Looks at the whole of it. Throws `Refused` where the configuration cannot be seen whole: nothing is changed then. */
export async function lookAtMirror(settings: Settings, view: View): Promise<Mirror> {
  const isMrepo = settings.backend === 'mrepo';
  const asks = [
    ['file', 'allowed', ALLOWED],
    ...(isMrepo
      ? [['file', 'config', settings.config]]
      : [['files', 'repos', `${settings.reposDir}/*.repo`]]),
    ...(isMrepo ? [['files', 'confdir', `${confdirOf(settings)}/*.conf`]] : []),
    ['space', 'space', wwwdirOf(settings)],
    ['done', 'done', wwwdirOf(settings)],
  ];
  const rows = await readRows(look, asks.flat(), settings, view);
  const host = hostOf(settings, view);
  const allowed = rows.find(({ name }) => name === 'allowed');
  assertAllowed(allowed, settings, host);
  const pathOf = (name: string): string =>
    name
      .replace(/^config$/, settings.config)
      .replace(/^confdir\//, `${confdirOf(settings)}/`)
      .replace(/^repos\//, `${settings.reposDir}/`);
  const files = rows
    .filter(({ name }) => /^(config$|confdir\/|repos\/)/.test(name))
    .map((row) => fileOf(row, pathOf(row.name), host));
  if (isMrepo) assertConfdir(files[0], allowed?.facts.root ?? '', settings, host);
  const free = Number(rows.find(({ name }) => name === 'space')?.facts.free);
  return {
    host,
    files,
    synced: rows
      .filter(({ name, state }) => name.startsWith('done/') && state === 'ok')
      .map(({ name, facts }) => ({
        place: name.slice('done/'.length),
        at: new Date(Number(facts.changed) * 1000),
      })),
    free: Number.isFinite(free) ? free : null,
  };
}

/** Where mrepo looks for more, if nothing says another place. */
const confdirOf = ({ confdir }: Settings): string => confdir ?? '/etc/mrepo.conf.d';

/** Labels of a directory that is not looked at would count as free. */
function assertConfdir(main: ConfigFile | undefined, root: string, settings: Settings, host: string): void {
  const said = main?.conf.sections.get('main')?.values.get('confdir') ?? '';
  if (said === '' || said === `${root}${confdirOf(settings)}`) return;
  throw new Refused(
    `${settings.config} on ${host} has more configuration in another directory (confdir) than Steward looks at, ${confdirOf(settings)}.`,
    'An admin names it in the config: `shared.repos.confdir`, and in /etc/steward/mirror.conf there.',
  );
}

/** Where the packages of a label are, of each arch. */
export function packageDirs(label: string, arches: readonly string[], settings: Settings): readonly string[] {
  const dir = settings.backend === 'mrepo' ? settings.srcdir : settings.mirrorDir;
  return arches.map((arch) => `${dir}/${label}-${arch}`);
}

/** Where packages and metadata are: the hub's addresses lead there. */
export function wwwdirOf(settings: Settings): string {
  return settings.backend === 'mrepo' ? settings.wwwdir : settings.mirrorDir;
}

function fileOf({ state, data }: Row, path: string, host: string): ConfigFile {
  if (data) return { path, bytes: data, conf: readMrepoConf(data.toString('latin1')) };
  const why = state === 'missing' ? 'is not there' : 'may not or cannot be read by the account of Steward';
  throw new Refused(
    `${path} on ${host} ${why}, so nobody knows what is mirrored.`,
    'An admin looks at `shared.repos` in the config, and at the mode of that file: everybody may read it, and only root write.',
  );
}

/** Steward's config and root's own file there have to name the same places, or a plan would show another file than is written. */
function assertAllowed(row: Row | undefined, settings: Settings, host: string): void {
  if (row?.state === 'denied')
    throw new Refused(
      `${ALLOWED} on ${host} may not be read by the account of Steward.`,
      `As root there: chmod 644 ${ALLOWED}.`,
    );
  if (!row?.data)
    throw new Refused(
      `Root of ${host} has not said that Steward may change the mirror's configuration there.`,
      `An admin says so as root of that host, in ${ALLOWED}; docs/running.md, section 6, says what goes into it.`,
    );
  const said = new Map(
    row.data
      .toString('utf8')
      // The pretend root of a test is / to us.
      .replaceAll(`=${row.facts.root ?? ''}/`, '=/')
      .split('\n')
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const wanted: readonly (readonly [string, string | undefined])[] =
    settings.backend === 'mrepo'
      ? [
          ['config', settings.config],
          ['confdir', settings.confdir],
          ['srcdir', settings.srcdir],
          ['wwwdir', settings.wwwdir],
        ]
      : [
          ['repos_dir', settings.reposDir],
          ['mirror_dir', settings.mirrorDir],
        ];
  const other = [['backend', settings.backend] as const, ...wanted].find(
    ([name, value]) => (said.get(name) || undefined) !== value,
  );
  if (other)
    throw new Refused(
      `${ALLOWED} on ${host} says ${other[0]}=${said.get(other[0]) ?? ''}, and Steward's config ${other[1] ?? 'names none'}.`,
      'An admin makes the two say the same: `shared.repos` in the config, or that file.',
    );
}
