import { createHash } from 'node:crypto';
import type { Inverse, Step } from '../../src/core/command.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';
import {
  addBlock,
  assertReadable,
  dnfRepoFile,
  type Edit,
  type Entry,
  isOwnFile,
  mrepoBlock,
  newFile,
  removeBlock,
} from './block.ts';
import type { Configured, Mirror } from './mirror.ts';
import type { Settings } from './settings.ts';

const mrepoEdit = loadScript(new URL('./root/mrepo-edit.sh', import.meta.url));

/** Which of the mirror's files, as the script calls them. */
type Place = 'config' | 'confdir' | 'repos';

/** The step that puts a new entry into the mirror's configuration. */
export function addEntry(entry: Entry, mirror: Mirror, settings: Settings, inverse: Inverse): Step {
  const { label } = entry;
  const place = placeOfNew(settings);
  const path = pathOf(place, label, settings);
  for (const file of mirror.files) if (settings.backend === 'mrepo') assertReadable(file.conf);
  const main = mirror.files[0];
  const text = place === 'repos' ? dnfRepoFile(entry) : mrepoBlock(entry);
  const edit = place === 'config' ? addBlock(main?.bytes ?? Buffer.alloc(0), text) : newFile(text);
  const first = edit.before.toString('latin1').split('\n').length;
  const lines = edit.piece.toString('latin1').replace(/\n$/, '').split('\n');
  return {
    key: `entry:${label}`,
    title: `Add ${label} to ${path} on ${mirror.host}`,
    kind: 'set',
    effect: editEffect('add', place, label, edit, mirror.host),
    changes: lines.flatMap((line, index) =>
      line === '' ? [] : [{ what: `line ${Math.max(1, first) + index}`, before: '', after: line }],
    ),
    evidence: [{ label: 'everything that is there', value: keepsText(place, edit) }],
    guards: [],
    inverse,
  };
}

/** The step that takes an entry out again. Throws `Refused` where it is not byte for byte ours. */
export function removeEntry({ label, file }: Configured, mirror: Mirror, settings: Settings): Step {
  const place = placeOf(file.path, settings);
  if (place !== 'config' && !isOwnFile(file.bytes.toString('latin1')))
    throw new Refused(
      `${file.path} on ${mirror.host} is not as Steward wrote it, or somebody else wrote it, so it was left alone.`,
      `An admin takes it away by hand: \`mv ${file.path} /root/\`. The packages stay where they are.`,
    );
  const edit: Edit =
    place === 'config'
      ? removeBlock(file.bytes, label)
      : { before: file.bytes, after: Buffer.alloc(0), piece: file.bytes, at: 0 };
  return {
    key: `entry:${label}`,
    title:
      place === 'config'
        ? `Take ${label} out of ${file.path} on ${mirror.host}`
        : `Take ${file.path} away on ${mirror.host}`,
    kind: 'set',
    effect: editEffect('remove', place, label, edit, mirror.host),
    changes: [{ what: `[${label}] in ${file.path}`, before: `${edit.piece.length} bytes`, after: 'none' }],
    evidence: [{ label: 'packages', value: 'none is deleted: mrepo forgets what it has no entry for' }],
    guards: [],
  };
}

function editEffect(verb: string, place: Place, label: string, edit: Edit, host: string): Step['effect'] {
  const { before, after, piece, at } = edit;
  const args = [
    verb,
    place,
    label,
    sumOf(before, place),
    sumOf(after, place),
    String(at),
    piece.toString('base64'),
  ];
  return { kind: 'host', host, script: mrepoEdit.name, sha256: mrepoEdit.sha256, args };
}

/** A file of its own that has nothing in it is no file. */
function sumOf(bytes: Buffer, place: Place): string {
  if (place !== 'config' && bytes.length === 0) return '-';
  return createHash('sha256').update(bytes).digest('hex');
}

function placeOfNew({ backend, entries, confdir }: Settings): Place {
  if (backend === 'reposync') return 'repos';
  return entries === 'confdir' && confdir !== undefined ? 'confdir' : 'config';
}

function placeOf(path: string, { config, reposDir }: Settings): Place {
  if (path === config) return 'config';
  return path.startsWith(`${reposDir}/`) ? 'repos' : 'confdir';
}

function pathOf(place: Place, label: string, { config, confdir, reposDir }: Settings): string {
  if (place === 'config') return config;
  return place === 'confdir' ? `${confdir}/${label}.conf` : `${reposDir}/${label}.repo`;
}

function keepsText(place: Place, { before }: Edit): string {
  return place === 'config'
    ? `stays, all ${before.length} bytes of it; a copy of the file is kept beside it`
    : 'stays: this is a new file of its own';
}
