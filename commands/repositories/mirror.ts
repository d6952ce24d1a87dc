import type { View } from '../../src/core/command.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';
import { type MrepoConf, readMrepoConf, type Section } from './mrepo-conf.ts';
import { SETTING_KEYS, SETTING_SECTIONS } from './names.ts';
import { hostOf, type Row, readRows } from './reading.ts';
import type { Settings } from './settings.ts';

/** The reading script of the mirror. */
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

/** A label that is configured, and where. */
export interface Configured {
  readonly label: string;
  readonly file: ConfigFile;
  readonly arches: readonly string[];
  readonly repos: readonly { readonly name: string; readonly url: string }[];
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

/** Counts links of these places that lead nowhere; place to count, and null where that is not known. */
export async function danglingIn(
  places: readonly string[],
  settings: Settings,
  view: View,
): Promise<ReadonlyMap<string, number | null>> {
  const args = places.flatMap((place) => ['links', place, `${wwwdirOf(settings)}/${place}`]);
  const rows = places.length === 0 ? [] : await measure(args, settings, view);
  return new Map(
    rows.map(({ name, facts }) => [name, facts.dangling === undefined ? null : Number(facts.dangling)]),
  );
}

/** What takes long ends in time for its answer to arrive. */
async function measure(args: readonly string[], settings: Settings, view: View): Promise<readonly Row[]> {
  const seconds = Math.max(1, Math.floor(settings.deadlineSeconds * 0.7));
  return readRows(look, ['within', String(seconds), '-', ...args], settings, view);
}

/** How many packages the metadata of these places names; a place of which that cannot be told is left out. */
export async function packagesIn(
  places: readonly string[],
  settings: Settings,
  view: View,
): Promise<ReadonlyMap<string, number>> {
  const args = places.flatMap((place) => ['packages', place, `${wwwdirOf(settings)}/${place}`]);
  try {
    const rows = places.length === 0 ? [] : await measure(args, settings, view);
    return new Map(
      rows.flatMap(({ name, facts }) =>
        facts.packages === undefined ? [] : [[name, Number(facts.packages)] as const],
      ),
    );
  } catch (error) {
    // Worth knowing, and nothing rests on it.
    if (error instanceof Unavailable) return new Map();
    throw error;
  }
}

/** Where the packages of a label are, of each arch. */
export function packageDirs(label: string, arches: readonly string[], settings: Settings): readonly string[] {
  const dir = settings.backend === 'mrepo' ? settings.srcdir : settings.mirrorDir;
  return arches.map((arch) => `${dir}/${label}-${arch}`);
}

/** How many bytes the packages of a label have on disk; null: not known. */
export async function bytesOf(
  label: string,
  arches: readonly string[],
  settings: Settings,
  view: View,
): Promise<number | null> {
  const dirs = packageDirs(label, arches, settings);
  const args = dirs.flatMap((dir, index) => ['size', String(index), dir]);
  try {
    const rows = await measure(args, settings, view);
    const found = rows.map(({ facts }) => Number(facts.bytes)).filter(Number.isFinite);
    return found.length === 0 ? null : found.reduce((sum, bytes) => sum + bytes, 0);
  } catch (error) {
    // Worth knowing, and nothing rests on it.
    if (error instanceof Unavailable) return null;
    throw error;
  }
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

/** Where packages and metadata are: the hub's addresses lead there. */
export function wwwdirOf(settings: Settings): string {
  return settings.backend === 'mrepo' ? settings.wwwdir : settings.mirrorDir;
}

/** Every label that is configured, with the file that has it. A label that two files have is there twice. */
export function labelsOf({ files }: Mirror, settings: Settings): readonly Configured[] {
  return files.flatMap((file) =>
    settings.backend === 'mrepo' ? mrepoLabels(file, files[0]) : dnfLabels(file),
  );
}

/** The label of this name, in small letters or not: people and file systems do not tell them apart. */
export function labelNamed(label: string, labels: readonly Configured[]): Configured | undefined {
  return labels.find((one) => one.label.toLowerCase() === label.toLowerCase());
}

function mrepoLabels(file: ConfigFile, main: ConfigFile | undefined): readonly Configured[] {
  const otherwise = main?.conf.sections.get('main')?.values.get('arch') ?? 'i386';
  return [...file.conf.sections.values()]
    .filter(({ name }) => !SETTING_SECTIONS.has(name))
    .map((section) => ({
      label: section.name,
      file,
      arches: (section.values.get('arch') ?? otherwise).split(/\s+/).filter(Boolean),
      repos: reposIn(section),
    }));
}

function reposIn({ values }: Section): Configured['repos'] {
  return [...values].filter(([key]) => !SETTING_KEYS.has(key)).map(([name, url]) => ({ name, url }));
}

/** `[fedora41-os-x86_64]` in fedora41.repo: an arch has no dash. */
function dnfLabels(file: ConfigFile): readonly Configured[] {
  const label = /([^/]+)\.repo$/.exec(file.path)?.[1] ?? '';
  const found = [...file.conf.sections.values()].flatMap(({ name, values }) => {
    const [, repo, arch] = name.startsWith(`${label}-`)
      ? (/^(.+)-([^-]+)$/.exec(name.slice(label.length + 1)) ?? [])
      : [];
    const url = values.get('baseurl');
    return repo === undefined || arch === undefined || url === undefined ? [] : [{ repo, arch, url }];
  });
  const repos = [...new Set(found.map(({ repo }) => repo))].map((name) => ({
    name,
    url: found.find(({ repo }) => repo === name)?.url ?? '',
  }));
  return [{ label, file, arches: [...new Set(found.map(({ arch }) => arch))], repos }];
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
