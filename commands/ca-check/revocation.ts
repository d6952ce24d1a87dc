import type { Certificate } from '../certificates/certificate.ts';
import type { Crl } from '../certificates/crl.ts';
import { bareSerial, untilText } from '../certificates/entries.ts';
import { type Entry, standing } from '../certificates/index-file.ts';
import { partOf } from '../certificates/names.ts';
import type { Seen } from '../certificates/reading.ts';
import { day, daysUntil } from '../certificates/times.ts';
import { some } from '../some.ts';
import { bad, type Finding, ok, unseen, warn } from './finding.ts';

const ANEW = 'Make a new one (`openssl ca -gencrl`), put it where httpd reads it, and reload httpd.';

/** Are the lists of revoked certificates true, one for each root, and in use? `crls` is empty where none can be read. */
export function crlFindings(
  crls: readonly Crl[],
  seen: { readonly file: Seen; readonly sum: Seen; readonly inUse: Seen | undefined },
  roots: readonly Certificate[],
  entries: readonly Entry[],
  now: Date,
): readonly Finding[] {
  const revoked = entries.filter((one) => standing(one, now) === 'revoked' && one.until > now);
  const [ca, ...others] = roots;
  const crl = crls.find((one) => ca && one.signedBy(ca.key)) ?? crls[0];
  return [
    own(crl, seen.file, ca, revoked, now),
    ...(crl ? others.map((root) => ofOld(crls, root, revoked)) : []),
    copy(seen.sum, seen.inUse, revoked.length),
  ];
}

/** Of a root that signs no more: what it signed is looked up in a list of its own. */
function ofOld(crls: readonly Crl[], root: Certificate, revoked: readonly Entry[]): Finding {
  const check = `CRL of ${partOf(root.subject, 'CN') ?? root.serial}`;
  const crl = crls.find((one) => one.signedBy(root.key));
  if (!crl)
    return bad(
      check,
      'there is none',
      'An httpd that wants a list for each CA turns away all that this one signed. `cert revoke` makes both; its key has to be there.',
    );
  const listed = new Set([...crl.serials].map(bareSerial));
  const lacking = revoked.filter((one) => !listed.has(bareSerial(one.serial))).map((one) => one.serial);
  if (lacking.length > 0) return bad(check, `of ${day(crl.made)}, without ${some(lacking)}`, ANEW);
  return ok(check, `of ${day(crl.made)}, ${crl.serials.size} revoked`);
}

function own(
  crl: Crl | undefined,
  file: Seen,
  ca: Certificate | undefined,
  revoked: readonly Entry[],
  now: Date,
): Finding {
  const check = 'CRL';
  if (file.state === 'missing')
    return revoked.length > 0
      ? bad(
          check,
          `there is none, and ${revoked.length} are revoked`,
          `A revoked certificate still gets in. ${ANEW}`,
        )
      : warn(check, 'there is none', `Nothing is revoked yet; without it nothing can be. ${ANEW}`);
  if (file.state !== 'ok') return unseen(check, 'may not be read by an account without rights');
  if (!crl) return bad(check, 'cannot be read', `httpd does not start with it. ${ANEW}`);
  const listed = new Set([...crl.serials].map(bareSerial));
  const lacking = revoked.filter((one) => !listed.has(bareSerial(one.serial))).map((one) => one.serial);
  const until = crl.next ? `next due ${untilText(crl.next, now)}` : 'with no date for the next';
  const found = `of ${day(crl.made)}, ${until}, ${crl.serials.size} revoked`;
  if (ca && !crl.signedBy(ca.key))
    return bad(check, `${found}; not signed with this CA's key`, `httpd does not take it. ${ANEW}`);
  if (lacking.length > 0)
    return bad(
      check,
      `${found}; without ${some(lacking)}`,
      `Revoked in index.txt and not in the list, so they still get in. ${ANEW}`,
    );
  if (crl.next && crl.next < now)
    return bad(check, found, `It is out of date, and an httpd that reads it lets nobody in. ${ANEW}`);
  if (crl.next && daysUntil(crl.next, now) < 7)
    return warn(check, found, `When it is out of date, an httpd that reads it lets nobody in. ${ANEW}`);
  return ok(check, found);
}

function copy(sum: Seen, inUse: Seen | undefined, revoked: number): Finding {
  const check = 'CRL in use';
  if (inUse === undefined)
    return revoked > 0
      ? warn(
          check,
          'the config does not say which file httpd reads',
          'Whether revoked certificates are kept out cannot be told. Set shared.ca.crlInUse to the file that SSLCARevocationFile names in httpd.',
        )
      : unseen(check, 'the config does not say which file httpd reads (shared.ca.crlInUse)');
  if (inUse.state === 'missing')
    return bad(
      check,
      'the file that httpd should read is not there',
      'Nothing that is revoked is kept out. Copy the CRL there, and reload httpd.',
    );
  if (inUse.state !== 'ok' || sum.state !== 'ok')
    return unseen(check, 'may not be read by an account without rights');
  if (inUse.facts.sha256 === sum.facts.sha256)
    return ok(check, 'httpd’s copy is the same; whether httpd was reloaded since cannot be seen');
  return bad(
    check,
    'httpd’s copy is another one',
    'What was revoked since still gets in. Copy the CRL there, and reload httpd.',
  );
}
