import type { Concern, WatchView } from '../../src/core/concern.ts';
import { readCertificates } from './certificate.ts';
import { crlsIn } from './crl.ts';
import { nameTrouble } from './csr-rules.ts';
import { bareSerial, entriesIn, untilText } from './entries.ts';
import { reservedNames } from './holder.ts';
import { type Entry, standing } from './index-file.ts';
import { type Ask, type Looked, lookAtCa } from './reading.ts';
import { placeOf, type Settings } from './settings.ts';
import { away, day, daysUntil } from './times.ts';

/** Days before the end at which people are told of their own certificate. */
const OF_PEOPLE = [30, 14, 7, 1];
/** The CA's, and what hosts and services log in with: renewing those takes several people. */
const OF_SITE = [180, 90, 30];
const OF_CRL = [7, 1];

const DAY_MS = 86_400_000;
const ADMINS = { kind: 'approvers' } as const;

/** Tells of certificates that end soon, of the CA, and of its list of revoked ones. Nothing where no CA is configured. */
export async function watchCertificates(view: WatchView, settings: Settings): Promise<readonly Concern[]> {
  if (settings.host === undefined) return [];
  const path = placeOf(settings.index, settings);
  const looked = await lookAtCa(asksFor(settings, path), settings, view);
  const { entries } = entriesIn(looked, path);
  const services = await reservedNames(settings, view);
  const isService = ({ user }: Entry): boolean =>
    user !== null &&
    ['name-host', 'name-reserved'].includes(nameTrouble(user, { ca: [], ...services })?.code ?? '');
  const concerns = await Promise.all(
    newest(entries, view.now).map((entry) =>
      isService(entry) ? ofService(entry, view.now) : ofPerson(entry, view),
    ),
  );
  return [...ofCa(looked, view.now), ...ofCrl(looked, settings, view.now), ...concerns.flat()];
}

function asksFor(settings: Settings, index: string): readonly Ask[] {
  const { certificate, crl, crlInUse } = settings;
  return [
    { kind: 'file', name: 'index', path: index },
    { kind: 'cert', name: 'ca', path: placeOf(certificate, settings) },
    { kind: 'file', name: 'crl', path: placeOf(crl, settings) },
    ...(crlInUse === undefined ? [] : [{ kind: 'file', name: 'crlInUse', path: crlInUse } as const]),
  ];
}

/** Of each user the valid one that is good for longest: whoever has a newer one need not be told of the older. */
function newest(entries: readonly Entry[], now: Date): readonly Entry[] {
  const longest = new Map<string, Entry>();
  for (const entry of entries.filter((one) => standing(one, now) === 'valid')) {
    const user = entry.user ?? `no name ${entry.serial}`;
    const known = longest.get(user);
    if (!known || known.until <= entry.until) longest.set(user, entry);
  }
  return [...longest.values()].sort((a, b) => a.until.getTime() - b.until.getTime());
}

/** How near it is: the tightest of these days that has passed, and the others; null: it is far away. */
function nearness(
  what: string,
  until: Date,
  now: Date,
  days: readonly number[],
): { readonly key: string; readonly covers: readonly string[]; readonly within: number } | null {
  const passed = days.filter((one) => until.getTime() - now.getTime() <= one * DAY_MS);
  const within = Math.min(...passed);
  if (passed.length === 0) return null;
  // With its date: after a renewal under the same name all is told anew.
  const keyOf = (one: number): string => `${what}:${day(until)}:${one}`;
  return { key: keyOf(within), covers: days.filter((one) => one > within).map(keyOf), within };
}

async function ofPerson(entry: Entry, view: WatchView): Promise<readonly Concern[]> {
  const { serial, until, user } = entry;
  const near = nearness(bareSerial(serial), until, view.now, OF_PEOPLE);
  if (!near) return [];
  const { within, ...keys } = near;
  const title = `The Koji certificate of ${user ?? 'nobody'} ends ${away(until, view.now)}`.slice(0, 140);
  const person = user === null ? null : await view.owner(user);
  if (person === null)
    return [
      {
        ...keys,
        to: ADMINS,
        title,
        lines: [lineOf(entry, view.now)],
        next: [`cert list expiring=${within + 1}d`],
        together: {
          key: `people:${within}`,
          title: `Koji certificates end within ${within === 1 ? 'a day' : `${within} days`}`,
          says: 'I know nobody in the config to tell of this: please pass it on. They say `cert renew`.',
        },
      },
    ];
  return [
    {
      ...keys,
      to: { kind: 'person', person, likeCommands: ['cert issue', 'cert renew'] },
      title,
      lines: [
        `Certificate ${serial} is good until ${untilText(until, view.now)}. The hub takes no login with it after that.`,
        'Say `cert renew`: it tells how to make a new key. The old certificate stays good beside the new one.',
      ],
      next: ['cert renew'],
    },
  ];
}

/** The hub's own, those of builders and of services: made by hand, and missed by everybody at once. */
function ofService(entry: Entry, now: Date): readonly Concern[] {
  const near = nearness(bareSerial(entry.serial), entry.until, now, OF_SITE);
  if (!near) return [];
  const { within, ...keys } = near;
  return [
    {
      ...keys,
      to: ADMINS,
      title: `The certificate of ${entry.user ?? 'nobody'} ends ${away(entry.until, now)}`.slice(0, 140),
      lines: [lineOf(entry, now)],
      next: [`cert list expiring=${within + 1}d`],
      together: {
        key: `services:${within}`,
        title: `Certificates of hosts and services end within ${within} days`,
        says: 'What logs in with it stops when it ends. A Koji admin makes such certificates by hand.',
      },
    },
  ];
}

function lineOf({ user, serial, until }: Entry, now: Date): string {
  return `${(user ?? '(no name)').slice(0, 100)}: ${serial} until ${untilText(until, now)}`;
}

function ofCa(looked: Looked, now: Date): readonly Concern[] {
  const [ca] = readCertificates(looked.seen('ca').data?.toString('latin1') ?? '').certificates;
  const near = ca ? nearness(`ca:${ca.fingerprint.slice(0, 23)}`, ca.until, now, OF_SITE) : null;
  if (!ca || !near) return [];
  const { within: _, ...keys } = near;
  const ended = ca.until < now;
  return [
    {
      ...keys,
      to: ADMINS,
      title: `Koji’s certificate authority ${ended ? 'ended' : 'ends'} ${away(ca.until, now)}`,
      lines: [
        `It is good until ${untilText(ca.until, now)}. After that the hub takes no certificate it signed: no person and no builder logs in.`,
        'Renewing it takes time: everybody who uses this Koji, and every builder, has a copy of its certificate.',
      ],
      next: ['ca check'],
    },
  ];
}

/** Of its own place and httpd’s copy, the one that runs out first. */
function ofCrl(looked: Looked, { crlInUse }: Settings, now: Date): readonly Concern[] {
  const names = ['crl', ...(crlInUse === undefined ? [] : ['crlInUse'])];
  const [next] = names
    .flatMap((name) => crlsIn(looked.seen(name).data)[0]?.next ?? [])
    .sort((a, b) => a.getTime() - b.getTime());
  const near = next ? nearness('crl', next, now, OF_CRL) : null;
  if (!next || !near) return [];
  const { within: _, ...keys } = near;
  const days = daysUntil(next, now);
  return [
    {
      ...keys,
      to: ADMINS,
      title: `The list of revoked certificates (CRL) ${days < 0 ? 'ran' : 'runs'} out ${away(next, now)}`,
      lines: [
        `The next one is due ${untilText(next, now)}. An httpd that reads this one lets nobody in after that.`,
        'Root makes a new one (`openssl ca -gencrl`), puts it where httpd reads it, and reloads httpd; `cert revoke` does the same.',
      ],
      next: ['ca check'],
    },
  ];
}
