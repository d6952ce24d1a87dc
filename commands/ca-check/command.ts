import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { ALLOWED_ASK } from '../certificates/allowed.ts';
import { OTHER_CERTIFICATES } from '../certificates/called.ts';
import { type Certificate, readCertificates } from '../certificates/certificate.ts';
import { crlsIn } from '../certificates/crl.ts';
import { sameSerial } from '../certificates/entries.ts';
import { type Entry, type IndexFile, readIndex } from '../certificates/index-file.ts';
import { type Ask, type Looked, lookAtCa, type Seen } from '../certificates/reading.ts';
import { besideCertificate } from '../certificates/renewed.ts';
import { oddities, placeOf, type Settings, settings } from '../certificates/settings.ts';
import { certificateFindings, keyMatches, signsWith } from './authority.ts';
import { doctorRows } from './examine.ts';
import { bad, type Finding } from './finding.ts';
import { placeFindings } from './place.ts';
import { recordFindings } from './record.ts';
import { renewalFindings } from './renewal.ts';
import { crlFindings } from './revocation.ts';

export default defineCommand({
  name: 'ca check',
  summary: 'Check the certificate authority: dates, signature, key, record, CRL, rights',
  params: z.object({}),
  risk: 'read',
  ask: ['packager', 'admin'],
  settings,
  shared: 'ca',
  oddities,
  examples: ['ca check'],
  recognise: {
    words: [
      anyOf(`ca, certificate authority, ca certificate`),
      anyOf(`koji, kojihub, build system`),
      anyOf(`check, expire, expires, expired, expiring, valid, broken, unknown ca, run out, runs out`),
    ],
    unless: OTHER_CERTIFICATES,
  },
  plan: async (_params, view, given): Promise<Answer> => {
    const looked = await lookAtCa(asksFor(given), given, view);
    return answer(looked, await findings(looked, given, view));
  },
  async examine(view, given) {
    if (given.host === undefined) {
      const says = 'the config names no shared.ca.host: what is about certificates says so and does nothing';
      return [{ what: 'config', state: 'skipped', says }];
    }
    const dir: Ask = { kind: 'stat', name: 'dir', path: given.dir };
    const looked = await lookAtCa([...asksFor(given), dir, ALLOWED_ASK], given, view);
    return doctorRows(looked, await findings(looked, given, view), given);
  },
});

function asksFor(given: Settings): readonly Ask[] {
  const at = (kind: Ask['kind'], name: string, path: string): Ask => ({
    kind,
    name,
    path: placeOf(path, given),
  });
  return [
    { kind: 'host', name: 'host' },
    at('cert', 'ca', given.certificate),
    at('stat', 'folder', placeOf(given.key, given).replace(/\/[^/]*$/, '') || '/'),
    at('public', 'key', given.key),
    at('file', 'index', given.index),
    at('file', 'attr', `${given.index}.attr`),
    at('file', 'serial', given.serial),
    at('config', 'config', given.config),
    at('file', 'crl', given.crl),
    at('sum', 'sum', given.crl),
    at('space', 'space', given.dir),
    at('loose', 'loose', given.dir),
    at('stat', 'begun', '.renewal'),
    besideCertificate(given),
    ...given.issued.map((folder, index) => at('list', `issued${index}`, folder)),
    ...(given.crlInUse === undefined ? [] : [at('sum', 'inUse', given.crlInUse)]),
  ];
}

async function findings(looked: Looked, given: Settings, view: View): Promise<readonly Finding[]> {
  const { now } = view;
  const { seen } = looked;
  const [ca, ...others] = readCertificates(textOf(seen('ca'))).certificates;
  const { data } = seen('index');
  const index = data ? readIndex(data) : undefined;
  const crls = crlsIn(seen('crl').data);
  const [crl] = crls;
  const newest = await newestOf(index, given, view);
  const config = seen('config');
  return [
    ...(ca
      ? [...certificateFindings(ca, others, now), keyMatches(ca, seen('key'), { newest, crl })]
      : [noCertificate(seen('ca'), placeOf(given.certificate, given))]),
    signsWith(newest, config),
    ...(index
      ? recordFindings(
          index,
          {
            attr: seen('attr'),
            serial: seen('serial'),
            issued: given.issued.map((_, at) => seen(`issued${at}`)),
            config,
          },
          now,
        )
      : [noIndex(seen('index'), placeOf(given.index, given))]),
    ...crlFindings(
      crls,
      {
        file: seen('crl'),
        sum: seen('sum'),
        inUse: given.crlInUse === undefined ? undefined : seen('inUse'),
      },
      ca ? [ca, ...others] : [],
      index?.entries ?? [],
      now,
    ),
    ...(ca ? await renewalFindings(looked, index?.entries ?? [], given, view) : []),
    ...placeFindings(
      {
        host: seen('host'),
        space: seen('space'),
        folder: seen('folder'),
        key: seen('key'),
        loose: seen('loose'),
      },
      { now, tookMs: looked.tookMs },
    ),
  ];
}

const textOf = ({ data }: Seen): string => data?.toString('latin1') ?? '';

/** The certificate that was signed last: its line is the last of the index. */
async function newestOf(
  index: IndexFile | undefined,
  given: Settings,
  view: View,
): Promise<Certificate | undefined> {
  const entry: Entry | undefined = index?.entries.at(-1);
  if (!entry) return undefined;
  const asks = given.issued.map((folder, at): Ask => {
    const path = placeOf(`${folder}/${entry.serial}.pem`, given);
    return { kind: 'cert', name: `newest${at}`, path };
  });
  const looked = await lookAtCa(asks, given, view);
  return asks
    .flatMap(({ name }) => readCertificates(textOf(looked.seen(name))).certificates)
    .find((one) => sameSerial(one.serial, entry.serial));
}

function noCertificate({ state }: Seen, path: string): Finding {
  const why = { ok: 'holds no certificate', missing: 'is not there', denied: 'may not be read' };
  return bad(
    'certificate',
    `${path} ${state in why ? why[state as keyof typeof why] : 'could not be read'}`,
    'Nothing can be signed or verified without it. Is shared.ca in the config right? Everybody who uses this Koji has a copy of the file.',
  );
}

function noIndex({ state }: Seen, path: string): Finding {
  return bad(
    'index.txt',
    `${path} ${state === 'missing' ? 'is not there' : 'could not be read'}`,
    'Without it openssl signs nothing, and nobody knows what was signed. Is shared.ca in the config right? Beside it may be index.txt.old, the state before the last change.',
  );
}

const WORDS = { bad: 'bad', warn: 'look after', ok: 'ok', unseen: 'not looked at' } as const;
const ORDER = ['bad', 'warn', 'unseen', 'ok'] as const;

function answer({ host }: Looked, all: readonly Finding[]): Answer {
  const count = (level: Finding['level']): number => all.filter((one) => one.level === level).length;
  const parts = [
    ...(count('bad') > 0 ? [`${count('bad')} bad`] : []),
    ...(count('warn') > 0 ? [`${count('warn')} to look after`] : []),
  ];
  const sorted = ORDER.flatMap((level) => all.filter((one) => one.level === level));
  return {
    kind: 'answer',
    title: parts.length === 0 ? `The CA on ${host} is well` : `The CA on ${host}: ${parts.join(', ')}`,
    verdict: count('bad') > 0 ? 'bad' : count('warn') > 0 ? 'warn' : 'ok',
    lines: [
      ...sorted.flatMap(({ check, advice }) => (advice === undefined ? [] : [`${check}: ${advice}`])),
      ...(count('unseen') > 0
        ? ['Steward looks as an account without rights; what only root can see is marked as not looked at.']
        : []),
    ],
    table: {
      columns: ['Check', 'State', 'What was seen'],
      rows: sorted.map(({ check, level, found }) => [check, WORDS[level], found]),
    },
    next: [
      ...(sorted.some(({ advice }) => advice?.includes('`ca renew')) ? ['ca renew because=…'] : []),
      'cert list expiring=30d',
    ],
  };
}
