import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { identifier } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { CERTIFICATE_WORDS, OTHER_CERTIFICATES } from '../certificates/called.ts';
import { type Certificate, keyText, readCertificates } from '../certificates/certificate.ts';
import {
  bareSerial,
  hexIn,
  readEntries,
  sameSerial,
  standingText,
  untilText,
} from '../certificates/entries.ts';
import { namedUser } from '../certificates/holder.ts';
import { type Entry, isOf, standing } from '../certificates/index-file.ts';
import { nameText } from '../certificates/names.ts';
import { type Ask, lookAtCa } from '../certificates/reading.ts';
import { placeOf, type Settings, settings } from '../certificates/settings.ts';
import { day } from '../certificates/times.ts';

export default defineCommand({
  name: 'cert show',
  summary: 'Show one certificate: of whom, key, fingerprint, state, where its file is',
  params: z.object({
    serial: identifier({
      title: 'Serial',
      hint: 'A serial number as `cert list` shows it, or a Koji user. Left out: yours.',
      example: '02',
    }).optional(),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  settings,
  shared: 'ca',
  examples: ['cert show 02'],
  recognise: {
    words: [CERTIFICATE_WORDS, anyOf(`serial`), anyOf(`which, whose, what, who, show, look up, belong*`)],
    unless: OTHER_CERTIFICATES,
    // Two digits at least: a serial has whole bytes.
    given: {
      serial: /\bserial(?: number)?\s?(?:is|:|=)?\s?((?:0x)?[0-9a-f]{2}(?::?[0-9a-f]{2}){0,19})(?![\w:])/i,
    },
  },
  plan: async ({ serial }, view, given): Promise<Answer> => {
    const read = await readEntries(given, view);
    const user = namedUser(serial ?? 'mine', view);
    const own = read.entries.filter((one) => isOf(one, user)).sort(byUse(view.now));
    const wanted = own[0]?.serial ?? serialOf(user);
    const found = read.entries.filter((one) => sameSerial(one.serial, wanted));
    const [entry] = found;
    if (!entry)
      throw new Refused(
        `The CA on ${read.host} has no certificate with the serial ${wanted}.`,
        read.broken.length > 0
          ? `index.txt has ${read.broken.length} lines that cannot be read; it may be one of those. \`ca check\` names them.`
          : '`cert list` shows the valid ones, `cert list <user>` all of one user.',
      );
    return answer(entry, found.length, await filesOf(entry, given, view), view.now);
  },
});

/** The serial that is meant; `Refused` for what is none. */
function serialOf(text: string): string {
  const hex = hexIn(text);
  if (!/^[0-9a-f]{1,64}$/i.test(hex))
    throw new Refused(
      `The CA never signed anything for ${text}, and that is no serial number.`,
      '`cert list` shows the valid ones.',
    );
  return hex;
}

/** The one that somebody uses first: a valid one, and of several the newest. */
function byUse(now: Date): (one: Entry, other: Entry) => number {
  const isOver = (entry: Entry): number => (standing(entry, now) === 'valid' ? 0 : 1);
  return (one, other) => isOver(one) - isOver(other) || other.line - one.line;
}

interface Files {
  readonly ca: Certificate | undefined;
  /** The certificate itself, and where it is. */
  readonly certificate: Certificate | undefined;
  readonly places: readonly string[];
}

/** As `openssl ca` names the files (1A.pem), and as Koji's guide does (maria.crt). */
async function filesOf(entry: Entry, given: Settings, view: View): Promise<Files> {
  const names = [
    `${entry.serial}.pem`,
    ...(/^[\w.@-]{1,100}$/.test(entry.user ?? '') ? [`${entry.user}.crt`] : []),
  ];
  const asks: readonly Ask[] = given.issued.flatMap((folder) =>
    names.map((name): Ask => {
      const path = placeOf(`${folder}/${name}`, given);
      return { kind: 'cert', name: path, path };
    }),
  );
  const ca: Ask = { kind: 'cert', name: 'ca', path: placeOf(given.certificate, given) };
  const looked = await lookAtCa([ca, ...asks], given, view);
  const inFile = (name: string): readonly Certificate[] =>
    readCertificates(looked.seen(name).data?.toString('latin1') ?? '').certificates;
  const places: string[] = [];
  let certificate: Certificate | undefined;
  for (const { name } of asks) {
    const here = inFile(name).find((one) => sameSerial(one.serial, entry.serial));
    if (!here) continue;
    places.push(name);
    certificate ??= here;
  }
  const roots = inFile('ca');
  // After a renewal with a new key, each of the two has signed some.
  const signer = roots.find(({ key }) => certificate?.signedBy(key));
  return { ca: signer ?? roots[0], certificate, places };
}

function answer(entry: Entry, times: number, { ca, certificate, places }: Files, now: Date): Answer {
  const what = standing(entry, now);
  const odd = certificate ? oddities(entry, certificate, ca) : [];
  const signed =
    certificate && ca
      ? certificate.signedBy(ca.key)
        ? 'this CA'
        : 'another key than this CA’s'
      : 'not known';
  const rows: readonly (readonly [string, string])[] = [
    ['User', entry.user ?? '(no CN)'],
    ['State', standingText(entry, now)],
    ['Subject', nameText(certificate?.subject ?? entry.subject)],
    ['From', certificate ? day(certificate.from) : 'not known'],
    ['Until', untilText(entry.until, now)],
    ['Key', certificate ? keyText(certificate.key) : 'not known'],
    ['Signed by', certificate ? `${signed}, ${certificate.algorithm.name}` : 'not known'],
    ['SHA-256', certificate?.fingerprint ?? 'not known'],
    ['File', places.join(', ') || 'not found'],
  ];
  const lines = [
    ...(times > 1
      ? [`The serial stands ${times} times in index.txt; this is the first. \`ca check\` says more.`]
      : []),
    ...(certificate ? [] : ['Its file was not found, so only what index.txt says of it can be shown.']),
    ...odd,
  ];
  return {
    kind: 'answer',
    title: `Certificate ${entry.serial} of ${entry.user ?? 'nobody'} is ${what}`,
    verdict: odd.length > 0 ? 'bad' : lines.length > 0 || what !== 'valid' ? 'warn' : 'ok',
    lines,
    table: { columns: ['What', 'Value'], rows },
    next: entry.user === null ? [] : [`cert list ${entry.user}`],
  };
}

/** Where the file says otherwise than the record. */
function oddities(entry: Entry, certificate: Certificate, ca: Certificate | undefined): readonly string[] {
  const user = certificate.subject.find(({ key }) => key === 'CN')?.value ?? null;
  return [
    ...(user === entry.user
      ? []
      : [`index.txt says it is of ${entry.user ?? 'nobody'}, the file says ${user ?? 'nobody'}.`]),
    ...(certificate.until.getTime() === entry.until.getTime()
      ? []
      : [`index.txt says it ends on ${day(entry.until)}, the file says ${day(certificate.until)}.`]),
    ...(ca && !certificate.signedBy(ca.key)
      ? [
          `It was not signed with the key of this CA (serial ${bareSerial(ca.serial)}): the hub does not take it.`,
        ]
      : []),
  ];
}
