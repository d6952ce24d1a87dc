import type { Seen } from '../certificates/reading.ts';
import { some } from '../some.ts';
import { bad, type Finding, ok, unseen, warn } from './finding.ts';

const MB = 1024 * 1024;

/** The disk, who may read what, the clock, and the program that signs. */
export function placeFindings(
  seen: {
    readonly host: Seen;
    readonly space: Seen;
    readonly folder: Seen;
    readonly key: Seen;
    readonly loose: Seen;
  },
  ours: { readonly now: Date; readonly tookMs: number },
): readonly Finding[] {
  return [
    rights(seen.folder, seen.key),
    loose(seen.loose),
    space(seen.space),
    clock(seen.host, ours),
    program(seen.host),
  ];
}

function rights(folder: Seen, key: Seen): Finding {
  const check = 'private/';
  if (folder.state === 'missing')
    return bad(check, 'is not there', 'There is no key to sign with. Is shared.ca.key in the config right?');
  if (folder.state !== 'ok') return unseen(check, 'needs root');
  const { mode = '', owner = '' } = folder.facts;
  const found = `${mode}, of ${owner}`;
  const open = Number.parseInt(mode, 8) & 0o077;
  const keyMode = key.facts.mode === undefined ? 0 : Number.parseInt(key.facts.mode, 8);
  if ((open & 0o007) !== 0 && (keyMode & 0o004) !== 0)
    return bad(
      check,
      `${found}, and the key in it ${key.facts.mode}: everybody on the host can read the key`,
      'Whoever has it can log in as anybody. chmod 700 private and chmod 600 the key; if people or services that should not be there were on this host, treat the key as burnt.',
    );
  if ((open & 0o007) !== 0)
    return bad(
      check,
      `${found}: open to everybody`,
      'chmod 700 private, so that no key in it can be read whatever its own mode.',
    );
  if (owner !== 'root') return warn(check, `${found}`, 'It should belong to root: chown -R root: private.');
  if (open !== 0)
    return warn(check, `${found}: open to a group`, 'chmod 700 private, unless that group is meant to sign.');
  return ok(check, found);
}

function loose(seen: Seen): Finding {
  const check = 'keys elsewhere';
  if (seen.data === null) return unseen(check, 'could not be looked for');
  const files = seen.data.toString('utf8').split('\n').filter(Boolean);
  if (files.length === 0) return ok(check, 'no private key that everybody can read');
  const names = files.map((file) => file.split('/').slice(-2).join('/'));
  return bad(
    check,
    `${files.length === 200 ? '200 or more' : files.length} private keys can be read by everybody on the host: ${some(names, 3)}`,
    'Whoever reads one can log in as that user. chmod 600 them, have those certificates revoked, and let the people make keys of their own.',
  );
}

function space({ state, facts }: Seen): Finding {
  const check = 'free space';
  if (state !== 'ok') return unseen(check, 'could not be told');
  const free = Number(facts.free ?? Number.NaN) / MB;
  const inodes = Number(facts.inodes ?? 0);
  const left = Number(facts['inodes-free'] ?? 0);
  const found = `${free >= 10_240 ? `${Math.round(free / 1024)} GB` : `${Math.round(free)} MB`}${inodes > 0 ? `, ${left.toLocaleString('en')} more files` : ''}`;
  const advice = 'A full disk while something is signed leaves a record that is cut off. Make room first.';
  if (!(free >= 20) || (inodes > 0 && left < 100)) return bad(check, found, advice);
  return free < 200 || (inodes > 0 && left < 1000) ? warn(check, found, advice) : ok(check, found);
}

function clock({ facts }: Seen, { now, tookMs }: { readonly now: Date; readonly tookMs: number }): Finding {
  const check = 'clock';
  const theirs = Number(facts.now ?? Number.NaN);
  if (!Number.isFinite(theirs)) return unseen(check, 'could not be told');
  const ahead = Math.round(theirs - (now.getTime() + tookMs / 2) / 1000);
  const off = Math.abs(ahead);
  const slack = 5 + tookMs / 1000;
  if (off <= slack) return ok(check, 'as ours');
  const text =
    off < 120
      ? `${off} seconds`
      : off < 7200
        ? `${Math.round(off / 60)} minutes`
        : `${Math.round(off / 3600)} hours`;
  const found = `${text} ${ahead > 0 ? 'ahead of' : 'behind'} ours`;
  const advice =
    ahead > 0
      ? 'What is signed there now is valid only later: it is refused until then. Mend the clock (chronyd) before anything is signed.'
      : 'What is signed there gets dates of the past. Mend the clock (chronyd) before anything is signed.';
  return off > 300 ? bad(check, found, advice) : warn(check, found, advice);
}

function program({ facts }: Seen): Finding {
  const version = /^(OpenSSL|LibreSSL) [\w.-]+/.exec(facts.openssl ?? '')?.[0];
  if (version !== undefined) return ok('openssl', version);
  return bad('openssl', 'is not there', 'Nothing can be signed on this host. Install it.');
}
