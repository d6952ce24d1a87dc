import type { View } from '../../src/core/command.ts';
import type { Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript, scriptRun } from '../../src/core/script.ts';
import { certificateFindings } from '../ca-check/authority.ts';
import { keyText } from '../certificates/certificate.ts';
import { bareSerial, sameSerial } from '../certificates/entries.ts';
import { type Entry, standing } from '../certificates/index-file.ts';
import { nameText, partOf } from '../certificates/names.ts';
import { guardsOf } from '../certificates/order.ts';
import { type Ask, lookAtCa } from '../certificates/reading.ts';
import { besideCertificate, wasRenewed } from '../certificates/renewed.ts';
import { placeOf, type Settings } from '../certificates/settings.ts';
import { type Ca, lookAtSigning } from '../certificates/signing.ts';
import { away, day, daysUntil } from '../certificates/times.ts';
import { some } from '../some.ts';

const script = loadScript(new URL('../certificates/root/koji-ca-renew.sh', import.meta.url));

/** What was asked for. */
export interface Wish {
  readonly key: 'same' | 'new';
  readonly days: number;
  /** So many valid certificates may go untried. */
  readonly missing: number;
  readonly replaces?: string | undefined;
}

/** What a renewal is judged by. */
export interface RenewalSeen {
  readonly ca: Ca;
  readonly key: 'there' | 'missing' | 'encrypted';
  /** Has this CA been renewed here before? Then the old certificate is kept beside. */
  readonly wasRenewed: boolean;
  readonly valid: readonly Entry[];
  /** Valid ones whose file is gone. */
  readonly missing: readonly Entry[];
}

export async function lookAtRenewal(settings: Settings, view: View): Promise<RenewalSeen> {
  const [folder = 'newcerts'] = settings.issued;
  const asks: readonly Ask[] = [
    { kind: 'public', name: 'key', path: placeOf(settings.key, settings) },
    { kind: 'list', name: 'files', path: placeOf(folder, settings) },
    besideCertificate(settings),
  ];
  const [ca, looked] = await Promise.all([lookAtSigning(settings, view), lookAtCa(asks, settings, view)]);
  const { state, facts } = looked.seen('key');
  const files = looked.seen('files').data?.toString('utf8').split('\n');
  const there = new Set(files?.map((name) => bareSerial(name.replace(/\.pem$/, ''))));
  const valid = ca.entries.filter((entry) => standing(entry, ca.now) === 'valid');
  return {
    ca,
    key: state === 'missing' ? 'missing' : facts.encrypted === 'yes' ? 'encrypted' : 'there',
    wasRenewed: wasRenewed(looked, settings),
    valid,
    missing: files ? valid.filter(({ serial }) => !there.has(bareSerial(serial))) : [],
  };
}

const DAY_MS = 86_400_000;
/** A renewal for ten years is the one that was asked for until a year of it has gone. */
const FRESH = 0.9;

/** Is it still to be done? The same answer before it was begun and after any crash, and no more once it is done. */
export function isWanted({ key, days, replaces }: Wish, { certificate }: Ca, now: Date): boolean {
  if (key === 'same') {
    const left = (certificate.until.getTime() - now.getTime()) / DAY_MS;
    return certificate.algorithm.weak || left < FRESH * days || !maySign(certificate);
  }
  if (replaces !== undefined) return sameSerial(replaces, certificate.serial);
  // The script writes the day into the name of a new root.
  const born = / (\d{4}-\d\d-\d\d)(\.\d)?$/.exec(partOf(certificate.subject, 'CN') ?? '')?.[1];
  return born === undefined || now.getTime() - Date.parse(born) > (1 - FRESH) * days * DAY_MS;
}

/** Throws `Refused` for what cannot be meant. */
export function assertSensible({ key, days, replaces }: Wish): void {
  if (days < 30) throw new Refused('A CA for less than 30 days would have to be renewed again at once.');
  if (key === 'same' && replaces !== undefined)
    throw new Refused(
      'With the same key the serial stays, so nothing is replaced.',
      'Leave `replaces=` out, or say `key=new`.',
    );
}

/** Throws `Refused` where it would not work, and says what to do first. */
export function assertRenewable(wish: Wish, seen: RenewalSeen, now: Date): void {
  const { ca, key, missing } = seen;
  const { certificate } = ca;
  if (
    nameText(certificate.issuer) !== nameText(certificate.subject) ||
    !certificate.signedBy(certificate.key)
  )
    throw new Refused(
      `The CA’s certificate was signed by ${nameText(certificate.issuer)}, and not by its own key, so it cannot renew itself.`,
      'Whoever has that CA renews it; `ca check` says more.',
    );
  if (key === 'missing')
    throw new Refused(
      'The CA’s key is not where the config says (`shared.ca.key`), so nothing can be signed with it.',
      'Look for it in the backup. Without it the CA has to be made anew, and every certificate with it.',
    );
  if (key === 'encrypted')
    throw new Refused(
      'The CA’s key has a passphrase, and nobody is there to type it.',
      'As root on that host, `openssl pkey` writes it without; keep private/ closed.',
    );
  if (wish.key === 'new' && certificate.until <= now)
    throw new Refused(
      `The CA ended on ${day(certificate.until)}: nothing that it signed is good, and with a new key that would stay so.`,
      'First `ca renew because=…` with the same key, which makes them good again; then `key=new`.',
    );
  if (missing.length > wish.missing)
    throw new Refused(
      `Before anything is changed every valid certificate is tried with the new one, and of ${missing.length} the file is gone: ${some(missing.map(textOf))}.`,
      `Put them back into newcerts, from a backup or from their owners. If that cannot be, say \`missing=${missing.length}\`: with the same key they go on verifying as the others do.`,
    );
}

const textOf = ({ serial, user }: Entry): string => `${serial} of ${user ?? 'nobody'}`;

/** The step that changes the CA itself. */
export function renewStep(wish: Wish, seen: RenewalSeen, settings: Settings, view: View): Step {
  const { ca, valid, missing } = seen;
  const { certificate } = ca;
  const wrong = certificateFindings(certificate, ca.roots.slice(1), view.now).filter(
    ({ level }) => level === 'bad' || level === 'warn',
  );
  const kept = `${settings.certificate.replace(/^.*\//, '')}.${ca.fingerprint.slice(0, 16)}`;
  return {
    key: 'renew',
    title:
      wish.key === 'new'
        ? 'Give the CA a new key and certificate'
        : 'Renew the CA’s certificate with its key',
    kind: 'set',
    effect: scriptRun(ca.host, script, [
      ca.fingerprint,
      wish.key,
      String(wish.days),
      String(settings.crlDays),
      String(wish.missing),
    ]),
    changes: [
      {
        what: 'certificate of the CA',
        before: `until ${day(certificate.until)}, ${certificate.algorithm.name}, serial ${certificate.serial}`,
        after: `good for ${wish.days} days, signed with SHA-256, ${wish.key === 'new' ? 'a new key, name and serial' : 'the same key, name and serial'}`,
      },
    ],
    evidence: [
      ...wrong.map(({ check, found }) => ({ label: check, value: found })),
      { label: 'CA', value: `${nameText(certificate.subject)} on ${ca.host}, ${keyText(certificate.key)}` },
      {
        label: 'valid certificates',
        value: `${valid.length}, each tried with the new one before anything is changed${missing.length > 0 ? `, but the ${missing.length} without a file` : ''}`,
      },
      { label: 'last of them ends', value: lastOf(valid, view.now) },
      { label: 'kept beside', value: kept },
    ],
    guards: guardsOf(ca, view),
  };
}

function lastOf(valid: readonly Entry[], now: Date): string {
  const last = valid.reduce<Date | null>((most, { until }) => (most && most > until ? most : until), null);
  return last ? `${day(last)}, ${away(last, now)}` : 'there is none';
}

/** What those who decide should know. */
export function notesOf(
  { key }: Wish,
  { ca }: RenewalSeen,
  settings: Settings,
  now: Date,
): readonly string[] {
  const { certificate } = ca;
  const { modulusLength = 4096 } = certificate.key.asymmetricKeyDetails ?? {};
  const ended = daysUntil(certificate.until, now) < 0;
  return [
    ...(key === 'same'
      ? [
          ended
            ? 'Nobody can log in now. Each place works again as soon as it has the new file, with the certificates that people have.'
            : `Nothing breaks meanwhile: a place with the old file works until ${day(certificate.until)}, and with the new one it takes the same certificates.`,
          ...(modulusLength < 2048
            ? [`The key stays as short as it is (${keyText(certificate.key)}): \`key=new\` would mend that.`]
            : []),
        ]
      : [
          'What is signed from then on a place takes only when it has the new file, so the hub comes first. Old certificates go on working everywhere.',
          `The old key has to stay on ${ca.host}, for the list of revoked ones, until the last certificate that it signed is gone.`,
        ]),
    `There is no undo. Root of ${ca.host} can put the old certificate${key === 'new' ? ' and key' : ''} back, which ${key === 'new' ? 'shuts out what the new key signed' : 'harms nothing that was signed since'}.`,
    ...(settings.crlInUse === undefined
      ? [
          'The config does not say where httpd reads the list of revoked ones (`shared.ca.crlInUse`); its copy is renewed only where ca.conf on that host says so.',
        ]
      : []),
  ];
}

/** Does it say all that a CA has to say of itself? */
function maySign({ isCa, usage }: Ca['certificate']): boolean {
  return isCa === true && (usage === null || (usage.signsCertificates && usage.signsCrls));
}
