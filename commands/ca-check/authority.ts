import { createPublicKey } from 'node:crypto';
import { type Certificate, keyText, sameKey } from '../certificates/certificate.ts';
import type { Crl } from '../certificates/crl.ts';
import { untilText } from '../certificates/entries.ts';
import { nameText } from '../certificates/names.ts';
import type { Seen } from '../certificates/reading.ts';
import { day, daysUntil } from '../certificates/times.ts';
import { bad, type Finding, ok, unseen, warn } from './finding.ts';

const RENEW =
  'An admin says `ca renew because=…`: the key, the name and the serial stay, so that the certificates in use go on verifying; then every place gets the new file.';

/** The CA's own certificate: `others` are those that stand in the same file. */
export function certificateFindings(
  ca: Certificate,
  others: readonly Certificate[],
  now: Date,
): readonly Finding[] {
  return [chain(ca, others), dates(ca, now), signature(ca), key(ca), constraints(ca)];
}

function chain(ca: Certificate, others: readonly Certificate[]): Finding {
  const issuer = nameText(ca.issuer);
  if (issuer === nameText(ca.subject))
    return ca.signedBy(ca.key)
      ? ok('chain', `${nameText(ca.subject)}, serial ${ca.serial}, signed by itself`)
      : bad(
          'chain',
          'its own signature does not fit its key',
          'The file was changed, or two certificates were mixed. Nothing verifies against it: put the true one back, from the hub, a builder or a user.',
        );
  const above = others.find((one) => nameText(one.subject) === issuer && ca.signedBy(one.key));
  if (above) return ok('chain', `${nameText(ca.subject)}, signed by ${issuer}`);
  return warn(
    'chain',
    `signed by ${issuer}, which is not in the file`,
    'Whoever verifies needs that certificate too: put it into the same file, after this one.',
  );
}

function dates(ca: Certificate, now: Date): Finding {
  const { from, until } = ca;
  if (from > now)
    return bad('dates', `valid only from ${day(from)}`, 'Nobody takes it until then. Is a clock wrong?');
  const left = daysUntil(until, now);
  const found = `${day(from)} to ${untilText(until, now)}`;
  if (until < now)
    return bad(
      'dates',
      `expired: ${found}`,
      `Every login with a certificate of this CA fails, and nothing may be signed with it. ${RENEW}`,
    );
  const soon = `Certificates cannot outlive it, so what is signed now ends then too. ${RENEW}`;
  if (left < 30) return bad('dates', `ends soon: ${found}`, soon);
  return left < 180 ? warn('dates', `ends soon: ${found}`, soon) : ok('dates', found);
}

function signature({ algorithm }: Certificate): Finding {
  const { name, hash, weak } = algorithm;
  if (!weak) return ok('signature', name);
  const says = bad(
    'signature',
    name,
    `${hash === 'md5' ? 'MD5' : 'SHA-1'} can be forged, and systems of today refuse it: TLS with OpenSSL 3 in what the CA signs, strict ones in the CA too. ${RENEW}`,
  );
  return hash === 'md5' ? says : { ...says, level: 'warn' };
}

function key({ key: own }: Certificate): Finding {
  const { modulusLength = 0 } = own.asymmetricKeyDetails ?? {};
  const text = keyText(own);
  if (own.asymmetricKeyType === 'rsa' && modulusLength < 2048)
    return bad(
      'key',
      text,
      'A key this short can be broken. An admin says `ca renew key=new because=…`; both certificates are then in every file until the last old one is gone.',
    );
  return ok('key', text);
}

function constraints({ isCa, usage }: Certificate): Finding {
  const said = `${isCa === null ? 'none' : isCa ? 'CA:TRUE' : 'CA:FALSE'}, ${usage ? 'keyUsage given' : 'no keyUsage'}`;
  if (isCa !== true)
    return bad(
      'basicConstraints',
      said,
      'Without CA:TRUE nothing that it signed verifies. `ca renew` makes it again, with what it lacks.',
    );
  if (usage && !usage.signsCertificates)
    return bad(
      'basicConstraints',
      `${said}, without keyCertSign`,
      'It may not sign certificates. `ca renew` makes it again with keyCertSign.',
    );
  if (usage && !usage.signsCrls)
    return warn(
      'basicConstraints',
      `${said}, without cRLSign`,
      'Its CRL is not taken. `ca renew` makes it again with cRLSign.',
    );
  return ok('basicConstraints', said);
}

/** What was signed last, as evidence of which key signs. */
export interface Signed {
  readonly newest: Certificate | undefined;
  readonly crl: Crl | undefined;
}

/** Is the private key that of the certificate? Without rights only what it signed can be asked. */
export function keyMatches(ca: Certificate, seen: Seen, signed: Signed): Finding {
  const check = 'key fits certificate';
  if (seen.state === 'missing')
    return bad(
      check,
      'there is no key',
      'Nothing can be signed. Look for it in the backup; without it the CA has to be made anew.',
    );
  if (seen.data) {
    const own = createPublicKey(seen.data.toString('latin1'));
    return sameKey(own, ca.key)
      ? ok(check, 'yes: compared with the key itself')
      : bad(
          check,
          'no: the key is another one',
          'What it signs nobody takes. One of the two files was replaced: put the right one back.',
        );
  }
  if (seen.facts.encrypted === 'yes')
    return warn(
      check,
      'the key has a passphrase',
      'Nobody is there to type it when something is to be signed. Take it off, and keep private/ closed.',
    );
  const { newest, crl } = signed;
  const evidence = [
    ...(newest
      ? [{ what: `certificate ${newest.serial}`, at: newest.from, fits: newest.signedBy(ca.key) }]
      : []),
    ...(crl ? [{ what: 'the CRL', at: crl.made, fits: crl.signedBy(ca.key) }] : []),
  ].sort((one, other) => other.at.getTime() - one.at.getTime());
  const [last] = evidence;
  if (last && !last.fits)
    return bad(
      check,
      `${last.what}, the last that was signed (${day(last.at)}), was signed with another key`,
      'The key or the certificate was replaced since. What is signed now nobody takes: put the right one back.',
    );
  const root = 'needs root';
  return unseen(
    check,
    last ? `${root}; ${last.what} of ${day(last.at)} was signed with the key of this certificate` : root,
  );
}

/** How the newest certificate was signed, and how the next ones will be. */
export function signsWith(newest: Certificate | undefined, config: Seen): Finding {
  const check = 'signs with';
  const digests = [
    ...(config.data?.toString('latin1') ?? '').matchAll(/^\s*default_md\s*=\s*([\w-]+)/gm),
  ].map(([, name = '']) => name);
  const weak = digests.filter((name) => /^(sha-?1|md\d)$/i.test(name));
  const how = [
    ...(digests.length > 0 ? [`default_md = ${[...new Set(digests)].join(', ')}`] : []),
    ...(newest ? [`certificate ${newest.serial}: ${newest.algorithm.name}`] : []),
  ].join('; ');
  if (weak.length > 0)
    return bad(
      check,
      how,
      `New certificates would be signed with ${weak[0]}, which servers of today refuse. Set default_md = sha256 in ssl.cnf.`,
    );
  if (newest?.algorithm.weak)
    return warn(
      check,
      how,
      'Its owner, and who got one before, should renew: servers of today refuse such a signature.',
    );
  return how === '' ? unseen(check, 'ssl.cnf could not be read, and nothing was signed yet') : ok(check, how);
}
