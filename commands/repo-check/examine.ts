import type { View } from '../../src/core/command.ts';
import type { Finding } from '../../src/core/finding.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { labelsOf } from '../repositories/labels.ts';
import { ALLOWED, look, lookAtMirror, wwwdirOf } from '../repositories/mirror.ts';
import { type Row, readRows } from '../repositories/reading.ts';
import type { Settings } from '../repositories/settings.ts';

const GIB = 1024 ** 3;
/** Less than this the smallest distribution does not fit into. */
const LITTLE = 20 * GIB;

/**
 * For `steward doctor`: may the mirror be changed, is it where the config says, and is there what it is synced with.
 * Throws what `lookAtMirror` throws: then that has to be mended first.
 */
export async function examineMirror(given: Settings, view: View): Promise<readonly Finding[]> {
  if (given.host === undefined)
    return [
      {
        what: 'config',
        state: 'skipped',
        says: 'the config names no shared.repos.host: nothing is mirrored',
      },
      ...(await newRepos(view)),
    ];
  const isMrepo = given.backend === 'mrepo';
  const needed = isMrepo ? ['curl', 'awk', 'gzip'] : ['curl', 'awk', 'gzip', 'dnf', 'createrepo_c'];
  const { srcdir, wwwdir, mirrorDir, reposDir, confdir, entries } = given;
  const own = entries === 'confdir' && confdir !== undefined ? [confdir] : [];
  const dirs = isMrepo ? [srcdir, wwwdir, ...own] : [mirrorDir, reposDir];
  const args = [
    ...needed.flatMap((name) => ['program', name, '-']),
    ...dirs.flatMap((dir) => ['file', dir, dir]),
    ...['file', ALLOWED, ALLOWED],
  ];
  const [mirror, rows] = await Promise.all([lookAtMirror(given, view), readRows(look, args, given, view)]);
  const allowed = rows.find(({ name }) => name === ALLOWED);
  const root = allowed?.facts.root ?? '';
  const said = /^mrepo=(.*)$/m.exec(allowed?.data?.toString('utf8') ?? '')?.[1]?.slice(root.length);
  const mrepo = isMrepo ? await programAt(said ?? '/usr/bin/mrepo', given, view) : [];
  const missing = needed.filter((name) => rows.find((row) => row.name === name)?.state !== 'ok');
  const main = mirror.files[0]?.conf.sections.get('main')?.values;
  const elsewhere = isMrepo
    ? (['srcdir', 'wwwdir'] as const).flatMap((name) => misplaced(name, main?.get(name), root, given))
    : [];
  const { free } = mirror;
  return [
    { what: ALLOWED, state: 'ok', says: 'names the same places as shared.repos' },
    ...open(allowed, ALLOWED),
    ...dirs.flatMap((dir) =>
      directory(
        rows.find(({ name }) => name === dir),
        dir,
      ),
    ),
    ...elsewhere,
    ...mrepo,
    missing.length === 0
      ? { what: 'programs', state: 'ok', says: needed.join(', ') }
      : {
          what: 'programs',
          state: 'bad',
          says: `not there: ${missing.join(', ')}`,
          todo: `Install ${missing.join(', ')}.`,
        },
    { what: 'labels', state: 'ok', says: `${labelsOf(mirror, given).length} are configured` },
    ...(free === null || free >= LITTLE
      ? []
      : [
          {
            what: 'free space',
            state: 'warn',
            says: `${Math.floor(free / GIB)} GB are free in ${wwwdirOf(given)}`,
            todo: 'Make room: a distribution takes tens of gigabytes, and mrepo does not look before it begins.',
          } as const,
        ]),
    ...(await newRepos(view)),
  ];
}

async function programAt(path: string, given: Settings, view: View): Promise<readonly Finding[]> {
  const [row] = await readRows(look, ['program', 'mrepo', path], given, view);
  if (row?.state === 'ok') return [{ what: 'mrepo', state: 'ok', says: path }];
  const todo = `Install mrepo there, or say in ${ALLOWED} where it is: mrepo=/usr/local/bin/mrepo.`;
  return [{ what: 'mrepo', state: 'bad', says: `${path} is not there, or not to be run`, todo }];
}

/** mrepo works where its own configuration says, whatever we say: there Steward would look in vain. */
function misplaced(
  name: 'srcdir' | 'wwwdir',
  said: string | undefined,
  root: string,
  given: Settings,
): readonly Finding[] {
  if (said === `${root}${given[name]}`) return [];
  const there = said === undefined ? `names no ${name}, so mrepo uses its own` : `says ${name} = ${said}`;
  return [
    {
      what: name,
      state: 'bad',
      says: `[main] of ${given.config} ${there}, and shared.repos.${name} is ${given[name]}`,
      todo: `Make them the same: there, in shared.repos, and in ${ALLOWED}.`,
    },
  ];
}

function directory(row: Row | undefined, dir: string): readonly Finding[] {
  // A directory is no file.
  if (row?.state === 'odd') return open(row, dir);
  const says = row?.state === 'missing' ? `${dir} is not there` : `${dir} cannot be looked at`;
  const todo = `Is the disk mounted? Otherwise as root: install -d -m 755 ${dir}. The account of Steward has to be able to list it.`;
  return [{ what: 'directory', state: 'bad', says, todo }];
}

/** Root writes there, and takes nothing that others can change. */
function open(row: Row | undefined, path: string): readonly Finding[] {
  const { mode = '', owner = 'root' } = row?.facts ?? {};
  const isOpen = (Number.parseInt(mode, 8) & 0o022) !== 0;
  if (!isOpen && owner === 'root') return [];
  const says = `${path} is ${mode}, of ${owner}: what syncs as root works in nothing that others can change`;
  return [{ what: 'rights', state: isOpen ? 'bad' : 'warn', says, todo: 'chown root: and chmod go-w it.' }];
}

/** Only where the account may change what tags use at all. */
async function newRepos(view: View): Promise<readonly Finding[]> {
  const what = 'newRepo';
  const account = await view.hub.account(view.signal).catch((error: unknown) => {
    if (error instanceof Refused || error instanceof Unavailable) return null;
    throw error;
  });
  // What is wrong with the hub is said where doctor looks at that.
  if (!account) return [{ what, state: 'skipped', says: 'the hub does not say what Steward may do there' }];
  const { name, permissions } = account;
  if (permissions.some((one) => one === 'repo' || one === 'admin'))
    return [{ what, state: 'ok', says: `${name} may have the repositories of build tags made anew` }];
  if (!permissions.includes('tag')) return [];
  const says = `${name} has not the permission repo: kojira makes the repositories of build tags anew, in its own time, and nobody waits for that`;
  return [{ what, state: 'warn', says, todo: `A hub admin says: koji grant-permission repo ${name}.` }];
}
