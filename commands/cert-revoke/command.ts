import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { choice, identifier, words } from '../../src/core/fields.ts';
import { nearest } from '../../src/core/near.ts';
import type { Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { scriptRun } from '../../src/core/script.ts';
import { withReason } from '../builders.ts';
import { ALLOWED } from '../certificates/allowed.ts';
import { CERTIFICATE_WORDS, OTHER_CERTIFICATES } from '../certificates/called.ts';
import { type Crl, crlsIn } from '../certificates/crl.ts';
import { hexIn, sameSerial } from '../certificates/entries.ts';
import { namedUser } from '../certificates/holder.ts';
import { type Entry, isOf, standing } from '../certificates/index-file.ts';
import { entryText, kojiCa, LOCKS } from '../certificates/order.ts';
import { type Ask, lookAtCa } from '../certificates/reading.ts';
import { placeOf, type Settings, settings } from '../certificates/settings.ts';
import { type Ca, lookAtSigning } from '../certificates/signing.ts';
import { day } from '../certificates/times.ts';

/** What people say, and what the list of revoked ones says. */
const REASONS = {
  'key-lost': 'keyCompromise',
  replaced: 'superseded',
  left: 'cessationOfOperation',
  other: 'unspecified',
} as const;

/** What was revoked within so long belongs to one request. */
const TOGETHER_MS = 10 * 60_000;

export default defineCommand({
  name: 'cert revoke',
  summary: 'Revoke a certificate, or all valid ones of a user: the hub’s httpd turns it away',
  params: z.object({
    which: identifier({
      title: 'Which',
      hint: 'A Koji user, mine, or a serial number as `cert list` shows it.',
      example: 'maria',
    }),
    reason: choice(
      {
        title: 'Reason',
        hint: 'What the list of revoked ones says of it.',
        example: 'key-lost',
        named: true,
      },
      ['key-lost', 'replaced', 'left', 'other'],
    ).optional(),
    because: words({
      title: 'Because',
      hint: 'Those who approve read it, and it stays in the record.',
      example: 'the laptop with the key was stolen',
      named: true,
    }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  settings,
  shared: 'ca',
  examples: ['cert revoke maria reason=key-lost because=the laptop with the key was stolen'],
  recognise: {
    words: [
      [...CERTIFICATE_WORDS, ...anyOf(`key, keys`)],
      anyOf(`koji, kojihub, kkoji, build system`),
      anyOf(`revoke, lost, stolen, leaked, compromised`),
    ],
    unless: OTHER_CERTIFICATES,
  },
  locks: () => LOCKS,
  async plan({ which: named, reason, because }, view, given) {
    const which = namedUser(named, view);
    const [ca, lists] = await Promise.all([lookAtSigning(given, view), lookAtLists(given, view)]);
    const found = pick(which, ca);
    const steps = found
      .filter((entry) => !isRevoked(entry, lists, ca))
      .map((entry) => stepFor(entry, REASONS[reason ?? 'other'], ca, given));
    const serials = found.map(({ serial }) => serial).join(', ');
    const users = [...new Set(found.map(({ user }) => user ?? 'nobody'))].join(', ');
    if (steps.length === 0)
      return { kind: 'plan', title: `Revoked already: ${serials} of ${users}`, steps: [] };
    const { title, reason: why } = withReason(`Revoke ${serials} of ${users}`, because);
    return {
      kind: 'plan',
      title,
      steps,
      notes: [
        ...why,
        ...(users === view.asker.accounts.koji
          ? []
          : [`It is a certificate of ${users}, and ${view.asker.name} asks for this.`]),
        'A revoked certificate is never good again. Sessions that it opened on the hub last until they end; `account disable` ends them.',
        ...(given.crlInUse === undefined
          ? [
              'The config does not say where the httpd of the hub reads the list of revoked ones (`shared.ca.crlInUse`): if it reads none, it still lets this certificate in.',
            ]
          : []),
        ...(given.crlInUse !== undefined && ca.reload === null ? [notReloaded(ca)] : []),
      ],
    };
  },
  async result({ which: named }, view, given): Promise<Answer> {
    const which = namedUser(named, view);
    const [ca, lists] = await Promise.all([lookAtSigning(given, view), lookAtLists(given, view)]);
    const picked = pick(which, ca).filter(({ recorded }) => recorded === 'R');
    // Of a user that had several, those that were revoked together.
    const at = picked.at(-1)?.revoked?.at.getTime() ?? 0;
    const together = ca.entries.filter(
      (one) => isOf(one, which) && one.revoked !== null && at - one.revoked.at.getTime() < TOGETHER_MS,
    );
    const found = together.length > 0 ? together : picked;
    const users = [...new Set(found.flatMap(({ user }) => user ?? []))];
    const [own] = lists.own;
    return {
      kind: 'answer',
      title: `Revoked: ${found.map(({ serial }) => serial).join(', ')}`,
      verdict: 'ok',
      lines: [
        ...(own
          ? [
              `The list of revoked ones has ${own.serials.size}, and is good until ${own.next ? day(own.next) : 'the next one'}.`,
            ]
          : []),
        turnedAway(ca, given),
      ],
      next: users.flatMap((user) =>
        user === view.asker.accounts.koji
          ? [`cert list ${user}`]
          : [`account disable ${user} because=…`, `cert list ${user}`],
      ),
    };
  },
});

const notReloaded = ({ host }: Ca): string =>
  `Nothing tells httpd to read the new list: ${ALLOWED} on ${host} names no unit (\`reload=httpd.service\`). Until somebody reloads it, it lets this certificate in.`;

function turnedAway(ca: Ca, { crlInUse }: Settings): string {
  if (crlInUse === undefined)
    return 'Where httpd reads the list is not in the config, so whether it turns this certificate away cannot be told.';
  return ca.reload === null ? notReloaded(ca) : 'Whoever uses it is turned away before the hub is asked.';
}

/** The valid ones of a user, or the one with this serial; those that were revoked already where there are no others. */
function pick(which: string, { entries, now }: Ca): readonly Entry[] {
  const ofUser = entries.filter((one) => isOf(one, which));
  const valid = ofUser.filter((entry) => standing(entry, now) === 'valid');
  const last = ofUser.filter(({ recorded }) => recorded === 'R').slice(-1);
  const found = ofUser.length > 0 ? (valid.length > 0 ? valid : last) : [];
  const all = found.length > 0 ? found : entries.filter(({ serial }) => sameSerial(serial, hexIn(which)));
  if (all.length > 0) return all;
  if (ofUser.length > 0)
    throw new Refused(
      `${which} has no valid certificate: the last one ended on ${day(ofUser.at(-1)?.until ?? now)}.`,
      `\`cert list ${which}\` shows all of them.`,
    );
  const known = [...new Set(entries.flatMap(({ user }) => user ?? []))];
  const meant = nearest(which, known);
  throw new Refused(
    `The CA never signed anything for ${which}, and nothing with that serial.${meant ? ` Did you mean ${meant}?` : ''}`,
    '`cert list` shows the valid ones.',
  );
}

interface Lists {
  /** The CA's own lists, one of each root; none: none that can be read. */
  readonly own: readonly Crl[];
  /** The copy that httpd reads; undefined: the config names none. */
  readonly inUse: readonly Crl[] | undefined;
}

async function lookAtLists(given: Settings, view: View): Promise<Lists> {
  const { crlInUse } = given;
  const asks: readonly Ask[] = [
    { kind: 'file', name: 'own', path: placeOf(given.crl, given) },
    ...(crlInUse === undefined ? [] : [{ kind: 'file' as const, name: 'in use', path: crlInUse }]),
  ];
  const looked = await lookAtCa(asks, given, view);
  const read = (name: string): readonly Crl[] => crlsIn(looked.seen(name).data);
  return { own: read('own'), inUse: crlInUse === undefined ? undefined : read('in use') };
}

/** In the CA's record, and in the list of every root; in those that httpd reads too, as far as they are known. */
function isRevoked(entry: Entry, { own, inUse }: Lists, { roots }: Ca): boolean {
  const has = (lists: readonly Crl[]): boolean =>
    roots.every(({ key }) => lists.some((list) => list.signedBy(key) && list.serials.has(entry.serial)));
  return entry.recorded === 'R' && has(own) && (inUse === undefined || has(inUse));
}

function stepFor(entry: Entry, reason: string, ca: Ca, { crlDays, crlInUse }: Settings): Step {
  const { serial, user } = entry;
  return {
    key: `revoke:${serial}`,
    title: `Revoke ${serial} of ${user ?? 'nobody'}`,
    kind: 'set',
    effect: scriptRun(ca.host, kojiCa, ['revoke', ca.fingerprint, serial, reason, String(crlDays)]),
    changes: [
      { what: `certificate ${serial} of ${user ?? 'nobody'}`, before: 'let in', after: 'turned away' },
    ],
    evidence: [
      { label: 'certificate', value: entryText(entry) },
      { label: 'CA', value: ca.host },
      { label: 'list that httpd reads', value: crlInUse ?? 'not named in the config' },
    ],
    guards: [],
  };
}
