import { createHash } from 'node:crypto';
import { holdsCredentials } from '../../src/core/credentials.ts';
import type { Inverse, Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript, scriptRun } from '../../src/core/script.ts';
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
import type { Configured } from './labels.ts';
import type { Mirror } from './mirror.ts';
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
    evidence: [
      ...(place === 'config' ? [{ label: path, value: `${edit.before.length} bytes` }] : []),
      { label: 'everything that is there', value: keepsText(place) },
    ],
    guards: [],
    inverse,
  };
}

/** The step that takes an entry out again, and what of the file goes. Throws `Refused` where it is not byte for byte ours. */
export function removeEntry(
  { label, file }: Configured,
  mirror: Mirror,
  settings: Settings,
): { readonly step: Step; readonly edit: Edit } {
  const place = placeOf(file.path, settings);
  if (place !== 'config' && !isOwnFile(file.bytes.toString('latin1')))
    throw new Refused(
      `${file.path} on ${mirror.host} is not as Steward wrote it, or somebody else wrote it, so it was left alone.`,
      'The packages stay where they are, whoever takes it away.',
    );
  const edit: Edit =
    place === 'config'
      ? removeBlock(file.bytes, label)
      : { before: file.bytes, after: Buffer.alloc(0), piece: file.bytes, at: 0 };
  const step: Step = {
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
  return { step, edit };
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
  return scriptRun(host, mrepoEdit, args);
}

/** A file of its own that has nothing in it is no file. */
function sumOf(bytes: Buffer, place: Place): string {
  if (place !== 'config' && bytes.length === 0) return '-';
  return createHash('sha256').update(bytes).digest('hex');
}

/** The file that a new entry of this label goes into. */
export function pathOfNew(label: string, settings: Settings): string {
  return pathOf(placeOfNew(settings), label, settings);
}

/** The step that a person takes where an entry is not Steward's to touch, with the lines as they stand there now. */
export function handEntry({ label, file }: Configured, mirror: Mirror, settings: Settings): Step {
  const { path } = file;
  const isWhole = placeOf(path, settings) === 'repos';
  const lines = isWhole ? [] : sectionLines(file.bytes.toString('latin1'), label);
  return {
    key: `entry:${label}`,
    title: `Take ${label} out of the mirror’s configuration`,
    kind: 'set',
    effect: {
      kind: 'hand',
      what: isWhole
        ? `As root on ${mirror.host}: \`mv ${path} /root/\`. Nothing else there has to be done; the packages stay.`
        : `As root on ${mirror.host}, delete the section [${label}] of ${path}, from its first line to the last before the next section; keep a copy. mrepo leaves its packages where they are.`,
    },
    changes: [{ what: `[${label}] in ${path}`, before: 'there', after: 'none' }],
    evidence: [
      { label: 'done when', value: `${path} is seen to have it no more` },
      ...lines.slice(0, MOST_LINES).map(({ line, text }) => ({ label: `line ${line}`, value: text })),
      ...(lines.length > MOST_LINES ? [{ label: 'to line', value: String(lines.at(-1)?.line) }] : []),
    ],
    guards: [],
  };
}

/** Lines of an entry that are shown; it has a few. */
const MOST_LINES = 12;

/** Lines of the sections of this name, without what is empty or a comment at their end. */
function sectionLines(
  text: string,
  label: string,
): readonly { readonly line: number; readonly text: string }[] {
  const found: { line: number; text: string }[] = [];
  let waiting: { line: number; text: string }[] = [];
  let isIn = false;
  for (const [index, raw] of text.split('\n').entries()) {
    if (raw.startsWith('[')) {
      isIn = raw.startsWith(`[${label}]`);
      waiting = [];
    }
    if (!isIn) continue;
    const value = raw.trim();
    waiting.push({
      line: index + 1,
      text: holdsCredentials(value) ? '(an address with a login in it)' : value,
    });
    if (value !== '' && !/^[#;]/.test(value)) found.push(...waiting.splice(0));
  }
  return found;
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

function keepsText(place: Place): string {
  return place === 'config'
    ? 'stays; a copy of the file is kept beside it'
    : 'stays: this is a new file of its own';
}
