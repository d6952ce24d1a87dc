import type { KeyObject } from 'node:crypto';
import type { View } from '../../src/core/command.ts';
import { Refused } from '../../src/core/refused.ts';
import { ALLOWED_ASK, type Allowed, readAllowed } from './allowed.ts';
import { type Certificate, readCertificates, sameKey } from './certificate.ts';
import type { Csr } from './csr.ts';
import { type Entry, readIndex, standing } from './index-file.ts';
import { type Ask, lookAtCa } from './reading.ts';
import { placeOf, type Settings } from './settings.ts';
import { day } from './times.ts';

/** The CA as it is at this moment, for whoever wants something of it. */
export interface Ca extends Allowed {
  readonly host: string;
  readonly certificate: Certificate;
  /** It, and after a renewal with a new key those before it: for what they signed, which is still in use. */
  readonly roots: readonly Certificate[];
  /** SHA-256 of its certificate, small hex. */
  readonly fingerprint: string;
  readonly entries: readonly Entry[];
  /** The clock of its host. */
  readonly now: Date;
  /** Bytes that are free where it writes; null: not known. */
  readonly free: number | null;
}

const NEXT = 'An admin looks at the config (`shared.ca`), and asks `ca check`.';

/** Throws `Refused` where it cannot be seen whole: nothing is signed by a CA whose record cannot be read. */
export async function lookAtSigning(settings: Settings, view: View): Promise<Ca> {
  const at = (path: string): string => placeOf(path, settings);
  const asks: readonly Ask[] = [
    { kind: 'clock', name: 'clock' },
    { kind: 'cert', name: 'certificate', path: at(settings.certificate) },
    { kind: 'file', name: 'index', path: at(settings.index) },
    { kind: 'space', name: 'space', path: settings.dir },
    ALLOWED_ASK,
  ];
  const looked = await lookAtCa(asks, settings, view);
  const { reload } = readAllowed(looked, settings);
  const text = (name: string, path: string): Buffer => {
    const { state, data } = looked.seen(name);
    if (data) return data;
    const why = state === 'missing' ? 'is not there' : 'may not or cannot be read by the account of Steward';
    throw new Refused(`${at(path)} on ${looked.host} ${why}.`, NEXT);
  };
  const roots = readCertificates(text('certificate', settings.certificate).toString('latin1')).certificates;
  const [certificate] = roots;
  if (!certificate)
    throw new Refused(`${at(settings.certificate)} on ${looked.host} is no certificate.`, NEXT);
  const { entries, broken } = readIndex(text('index', settings.index));
  const [first] = broken;
  if (first)
    throw new Refused(
      `The CA's record ${at(settings.index)} is not whole (line ${first.line}: ${first.why}), so nobody knows what was signed.`,
      NEXT,
    );
  const clock = Number(looked.seen('clock').facts.now);
  const free = Number(looked.seen('space').facts.free);
  return {
    host: looked.host,
    reload,
    certificate,
    roots,
    fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
    entries,
    now: Number.isFinite(clock) ? new Date(clock * 1000) : view.now,
    free: Number.isFinite(free) ? free : null,
  };
}

/** Throws `Refused` for a CA that has ended: what it signs is taken by nobody. */
export function assertNotEnded({ certificate }: Ca, now: Date): void {
  const { until } = certificate;
  if (until > now) return;
  throw new Refused(
    `The CA ended on ${day(until)}, so nobody takes what it signs, and nothing was signed.`,
    'It has to be renewed first: an admin asks `ca renew because=…`. With the same key, the certificates in use are good again too.',
  );
}

/** The file that everybody needs who is to trust what this CA signed. */
export const bundleOf = (roots: readonly Certificate[]): string => roots.map(({ pem }) => pem).join('\n');

/** Certificates read in one answer: 2 KB each, of RSA 4096, stay well below what is taken from a host at once. */
const TOGETHER = 300;

/** The certificates themselves of these entries, by serial; of some the file may be gone. */
export async function filesOf(
  entries: readonly Entry[],
  settings: Settings,
  view: View,
): Promise<ReadonlyMap<string, Certificate>> {
  const found = new Map<string, Certificate>();
  for (let at = 0; at < entries.length; at += TOGETHER) {
    const serials = entries.slice(at, at + TOGETHER).map(({ serial }) => serial);
    const path = placeOf(`${folderOf(settings)}/${serials.join(',')}`, settings);
    const looked = await lookAtCa([{ kind: 'certs', name: 'certs', path }], settings, view);
    const text = looked.seen('certs').data?.toString('latin1') ?? '';
    for (const [, serial = '', pem = ''] of text.matchAll(FILE)) {
      const [certificate] = readCertificates(pem).certificates;
      if (certificate) found.set(serial, certificate);
    }
  }
  return found;
}

const folderOf = ({ issued: [folder = 'newcerts'] }: Settings): string => folder;

/** One of them: its path, then what is in it. No line of PEM has a dot. */
const FILE = /^\/.*\/([0-9A-F]+)\.pem\n([^.]*?-----END CERTIFICATE-----)$/gm;

/** Characters of a key that are looked for: 90 bytes are enough to be nobody else's. */
const ENOUGH = 120;

/**
 * What the base64 of every certificate of this key holds, whatever stands before the key in it: three letters are three
 * bytes, so there are three ways. With - and _ for + and /.
 */
function tracesOf(key: KeyObject): string {
  // The key itself comes last, and what comes before it says only of which kind it is.
  const bytes = key.export({ type: 'spki', format: 'der' }).subarray(-250);
  return [0, 1, 2]
    .map((from) => bytes.subarray(from + 27))
    .map((rest) =>
      rest
        .subarray(0, rest.length - (rest.length % 3))
        .toString('base64url')
        .slice(0, ENOUGH),
    )
    .join(',');
}

/** What there is already for a user and a request. */
export interface Held {
  /** Signed for exactly this key and name, valid, and kept beside the request: nothing is left to do. */
  readonly kept: { readonly entry: Entry; readonly certificate: Certificate } | null;
  /** Was this request begun with? Then a valid one for its key is its own, not yet kept. */
  readonly begun: boolean;
  /** A valid one of this user for this key. */
  readonly same: Entry | null;
  /** This user's valid ones for other keys. */
  readonly others: readonly { readonly entry: Entry; readonly certificate: Certificate | undefined }[];
  /** Somebody else who has a valid one for this key. */
  readonly stranger: string | null;
  /** A revoked one for this key, whoever had it. */
  readonly burnt: Entry | null;
}

/** Looks for what the CA has of this request. */
export async function holdingOf(ca: Ca, csr: Csr, settings: Settings, view: View): Promise<Held> {
  const base = placeOf(`${settings.kept}/${csr.user}.${csr.fingerprint}`, settings);
  const asks: readonly Ask[] = [
    { kind: 'cert', name: 'crt', path: `${base}.crt` },
    { kind: 'stat', name: 'csr', path: `${base}.csr` },
    {
      kind: 'keys',
      name: 'keys',
      path: `${placeOf(folderOf(settings), settings)}:${tracesOf(csr.key)}`,
    },
  ];
  const looked = await lookAtCa(asks, settings, view);
  const names = looked.seen('keys').data?.toString('latin1') ?? '';
  const alike = new Set([...names.matchAll(/\/([0-9A-F]+)\.pem$/gm)].map(([, serial]) => serial));
  const valid = ca.entries.filter((entry) => standing(entry, ca.now) === 'valid');
  const revoked = ca.entries.filter(({ recorded }) => recorded === 'R');
  const wanted = valid.filter(({ user, serial }) => user === csr.user || alike.has(serial));
  const files = await filesOf(
    [...wanted, ...revoked.filter(({ serial }) => alike.has(serial))],
    settings,
    view,
  );
  const isSame = (entry: Entry): boolean => {
    const certificate = files.get(entry.serial);
    return certificate !== undefined && sameKey(certificate.key, csr.key);
  };
  const own = valid.filter(({ user }) => user === csr.user);
  const [certificate] = readCertificates(looked.seen('crt').data?.toString('latin1') ?? '').certificates;
  const entry = own.find((one) => one.serial === certificate?.serial);
  return {
    kept: certificate && entry && sameKey(certificate.key, csr.key) ? { entry, certificate } : null,
    begun: looked.seen('csr').state === 'ok',
    same: own.find(isSame) ?? null,
    others: own
      .filter((one) => !isSame(one))
      .map((one) => ({ entry: one, certificate: files.get(one.serial) })),
    stranger: valid.find((one) => one.user !== csr.user && isSame(one))?.user ?? null,
    burnt: revoked.find(isSame) ?? null,
  };
}
