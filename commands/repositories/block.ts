import { createHash } from 'node:crypto';
import { holdsCredentials } from '../../src/core/credentials.ts';
import { Refused } from '../../src/core/refused.ts';
import { type MrepoConf, readMrepoConf } from './mrepo-conf.ts';

/** A label's repositories, as an entry says them. */
export interface Entry {
  readonly label: string;
  readonly arches: readonly string[];
  readonly repos: readonly { readonly name: string; readonly url: string }[];
}

/** A change of a file: what is there, what will be, and the one piece that makes the difference. */
export interface Edit {
  readonly before: Buffer;
  readonly after: Buffer;
  /** What is put in, or taken out. */
  readonly piece: Buffer;
  /** Where the piece begins, in bytes. */
  readonly at: number;
}

const OURS = '# Koji Steward wrote this entry; it takes it out again while it is as written:';
/** Said in the mark where the file before had no line break at its end. */
const AND_BREAK = ' and the line break above';

/** The entry of mrepo, with a first line by which it is known again, byte for byte. */
export function mrepoBlock({ label, arches, repos }: Entry): string {
  const lines = [
    `[${label}]`,
    `name = ${label} ($arch)`,
    `arch = ${arches.join(' ')}`,
    ...repos.map(({ name, url }) => `${name} = ${url}`),
  ];
  return marked(`${lines.join('\n')}\n`);
}

/** The .repo file of a label for dnf: one section for each repository and arch. */
export function dnfRepoFile({ label, arches, repos }: Entry): string {
  const sections = repos.flatMap(({ name, url }) =>
    arches.map((arch) =>
      [
        `[${label}-${name}-${arch}]`,
        `name = ${label} ${name} ${arch}`,
        `baseurl = ${url.replaceAll('$arch', arch)}`,
        'enabled = 0',
        'gpgcheck = 0',
        '',
      ].join('\n'),
    ),
  );
  return marked(sections.join('\n'));
}

/** What a file of its own for a new entry comes to. */
export function newFile(text: string): Edit {
  const piece = Buffer.from(text, 'latin1');
  return { before: Buffer.alloc(0), after: piece, piece, at: 0 };
}

/**
 * Puts a block at the end: a line break if the last line has none, an empty line, the block. Throws `Refused` where
 * mrepo could not read the file now, or would read anything else of it differently then.
 */
export function addBlock(before: Buffer, block: string): Edit {
  const old = before.toString('latin1');
  const breaks = old !== '' && !old.endsWith('\n');
  const text = breaks ? block.replace(':', `${AND_BREAK}:`) : block;
  const piece = Buffer.from(`${breaks ? '\n' : ''}${old === '' ? '' : '\n'}${text}`, 'latin1');
  const after = Buffer.concat([before, piece]);
  assertGrown(readMrepoConf(old), readMrepoConf(after.toString('latin1')), readMrepoConf(text));
  return { before, after, piece, at: before.length };
}

/**
 * Takes the block of a label out again, if it stands there byte for byte as it was put in; what was there before comes
 * back whole. Throws `Refused` otherwise.
 */
export function removeBlock(before: Buffer, label: string): Edit {
  const old = before.toString('latin1');
  const found = findBlock(old, label);
  if (!found)
    throw new Refused(
      `The entry [${label}] is not as Steward wrote it, or somebody else wrote it, so it was left alone.`,
      'mrepo leaves the packages where they are, whoever takes it out.',
    );
  const piece = Buffer.from(old.slice(found.at, found.end), 'latin1');
  const after = Buffer.concat([before.subarray(0, found.at), before.subarray(found.end)]);
  assertShrunk(readMrepoConf(old), readMrepoConf(after.toString('latin1')), label);
  return { before, after, piece, at: found.at };
}

/** Is a file of its own, whole, as it was written? */
export function isOwnFile(text: string): boolean {
  const [first = ''] = text.split('\n', 1);
  return first === `${OURS} ${sumOf(text.slice(first.length + 1))}`;
}

function marked(body: string): string {
  return `${OURS} ${sumOf(body)}\n${body}`;
}

function sumOf(body: string): string {
  return createHash('sha256').update(body, 'latin1').digest('hex').slice(0, 32);
}

/** Where the piece is that `addBlock` put in for this label. */
function findBlock(text: string, label: string): { readonly at: number; readonly end: number } | null {
  const header = `\n[${label}]\n`;
  const lead = OURS.slice(0, -1);
  // Before it may stand a section of the same name that others wrote: each one is looked at.
  for (let at = text.indexOf(header); at >= 0; at = text.indexOf(header, at + 1)) {
    const mark = text.lastIndexOf('\n', at - 1) + 1;
    const line = text.slice(mark, at);
    const body = at + 1;
    const sum = line.slice(-32);
    const breaks = line === `${lead}${AND_BREAK}: ${sum}`;
    if (!breaks && line !== `${OURS} ${sum}`) continue;
    const end = endOf(text, body, sum);
    if (end === null) continue;
    const isFirst = mark === 0;
    if (!isFirst && text[mark - 2] !== '\n') continue;
    // The line break belongs to the line above as soon as something follows: without it they would be one line.
    const more = breaks && end === text.length && text[mark - 3] !== undefined ? 1 : 0;
    return { at: isFirst ? 0 : mark - 1 - more, end };
  }
  return null;
}

/** The end of the body with this sum: it has as many lines as make it so. */
function endOf(text: string, from: number, sum: string): number | null {
  const most = 200;
  let end = from;
  for (let lines = 0; lines < most && end < text.length; lines++) {
    const next = text.indexOf('\n', end);
    if (next < 0) return null;
    end = next + 1;
    if (sumOf(text.slice(from, end)) === sum) return end;
  }
  return null;
}

function assertGrown(old: MrepoConf, now: MrepoConf, block: MrepoConf): void {
  assertReadable(old);
  const added = [...now.sections.keys()].filter((name) => !old.sections.has(name));
  const [label = ''] = block.sections.keys();
  const isWhole =
    added.length === 1 &&
    added[0] === label &&
    now.broken.length === 0 &&
    isSame(now.sections.get(label)?.values, block.sections.get(label)?.values) &&
    keepsAll(old, now, null);
  if (!isWhole)
    throw new Refused(
      `With [${label}] at its end the file would read differently than before, so it was not written.`,
      'An admin looks at the end of the file: a value there may go on in the next line.',
    );
}

function assertShrunk(old: MrepoConf, now: MrepoConf, label: string): void {
  assertReadable(old);
  if (now.broken.length > 0 || now.sections.has(label) || !keepsAll(old, now, label))
    throw new Refused(
      `Without the entry [${label}] other parts of the file would read differently, so it was left alone.`,
      `An admin takes the section [${label}] out by hand.`,
    );
}

/** Throws `Refused` for a file that stops mrepo as it is. */
export function assertReadable({ broken }: MrepoConf): void {
  const [first] = broken;
  if (first)
    throw new Refused(
      `mrepo cannot read its own configuration: line ${first.line} is neither a section nor a setting (${holdsCredentials(first.text) ? 'not shown: there is a login in it' : printable(first.text)}). All its runs fail until that is mended.`,
      'An admin mends that line first.',
    );
}

/** Does everything that was there read the same, but for one section? */
function keepsAll(old: MrepoConf, now: MrepoConf, but: string | null): boolean {
  if (!isSame(old.defaults, now.defaults)) return false;
  return [...old.sections].every(
    ([name, { values }]) => name === but || isSame(values, now.sections.get(name)?.values),
  );
}

function isSame(
  a: ReadonlyMap<string, string> | undefined,
  b: ReadonlyMap<string, string> | undefined,
): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.size === b.size &&
    [...a].every(([key, value]) => b.get(key) === value)
  );
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').replaceAll('`', "'");
}
