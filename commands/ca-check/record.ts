import { bareSerial, countText } from '../certificates/entries.ts';
import { type Entry, type IndexFile, standing } from '../certificates/index-file.ts';
import type { Seen } from '../certificates/reading.ts';
import { some } from '../some.ts';
import { bad, type Finding, ok, unseen, warn } from './finding.ts';

/** Do index.txt, index.txt.attr, serial and the files agree? */
export function recordFindings(
  index: IndexFile,
  seen: {
    readonly attr: Seen;
    readonly serial: Seen;
    readonly issued: readonly Seen[];
    readonly config: Seen;
  },
  now: Date,
): readonly Finding[] {
  const { entries } = index;
  return [
    lines(index, now),
    ...doubles(entries),
    uniqueSubject(entries, seen.attr, now),
    serial(entries, seen.serial, seen.config),
    files(entries, seen.issued),
  ];
}

function lines({ entries, broken }: IndexFile, now: Date): Finding {
  const past = entries.filter((one) => one.recorded === 'V' && standing(one, now) === 'expired').length;
  const found = `${entries.length} entries: ${countText(entries, now)}${past > 0 ? ` (${past} of the expired still recorded as valid)` : ''}`;
  if (broken.length === 0) return ok('index.txt', found);
  const named = some(
    broken.map(({ line, why }) => `line ${line}: ${why}`),
    3,
  );
  return bad(
    'index.txt',
    `${found}; ${named}`,
    'openssl refuses to sign or to revoke while such lines are there, or overlooks a certificate. Compare with index.txt.old and the files in newcerts, and mend them by hand, with a copy kept.',
  );
}

function doubles(entries: readonly Entry[]): readonly Finding[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { serial: text } of entries) {
    const key = bareSerial(text);
    if (seen.has(key)) twice.add(text);
    seen.add(key);
  }
  if (twice.size === 0) return [];
  return [
    bad(
      'serials',
      `${twice.size} stand more than once in index.txt: ${some([...twice])}`,
      'Two certificates with one serial cannot be told apart, and revoking one revokes both. Find out from the files which of them exist, and have the others signed anew.',
    ),
  ];
}

function uniqueSubject(entries: readonly Entry[], attr: Seen, now: Date): Finding {
  const check = 'index.txt.attr';
  if (attr.state !== 'ok' && attr.state !== 'missing') return unseen(check, 'could not be read');
  const said = /^\s*unique_subject\s*=\s*(\w+)/m.exec(attr.data?.toString('latin1') ?? '')?.[1];
  const unique = said === undefined || /^(yes|true|1|y|t)/i.test(said);
  const found = said === undefined ? 'does not say unique_subject, so it is yes' : `unique_subject = ${said}`;
  if (!unique) return ok(check, found);
  const users = new Map<string, number>();
  for (const one of entries) {
    if (one.recorded !== 'V') continue;
    const subject = one.subject.map(({ key, value }) => `${key}=${value}`).join('/');
    users.set(subject, (users.get(subject) ?? 0) + 1);
  }
  const twice = [...users].filter(([, times]) => times > 1).map(([subject]) => subject);
  const valid = entries.some((one) => standing(one, now) === 'valid');
  if (twice.length > 0)
    return bad(
      check,
      `${found}, and ${twice.length} subjects stand more than once as valid`,
      'openssl cannot load index.txt any more and signs nothing. Write unique_subject = no into index.txt.attr.',
    );
  return warn(
    check,
    found,
    `${valid ? 'Nobody can renew before the old certificate is revoked or recorded as expired' : 'Nobody could renew'}: openssl refuses a second certificate for the same subject. Write unique_subject = no into index.txt.attr.`,
  );
}

function serial(entries: readonly Entry[], seen: Seen, config: Seen): Finding {
  const check = 'serial';
  const random = /^\s*rand_serial\s*=\s*(yes|true|1)/im.test(config.data?.toString('latin1') ?? '');
  if (random) return ok(check, 'ssl.cnf has serials made by chance');
  if (seen.state === 'denied') return unseen(check, 'may not be read by an account without rights');
  const highest = entries
    .map((one) => BigInt(`0x${one.serial}`))
    .reduce((one, other) => (one > other ? one : other), 0n);
  const next = hex(highest + 1n);
  const text = seen.data?.toString('latin1').trim() ?? '';
  const write = `Write ${next}, one more than the highest in index.txt, into it.`;
  if (seen.state !== 'ok') return bad(check, 'is missing', `openssl signs nothing without it. ${write}`);
  if (!/^([0-9A-F]{2}){1,20}$/i.test(text))
    return bad(
      check,
      `holds no hex number of an even number of digits`,
      `openssl signs nothing with it. ${write}`,
    );
  const number = BigInt(`0x${text}`);
  if (entries.some((one) => BigInt(`0x${one.serial}`) === number))
    return bad(
      check,
      `the next is ${text}, which is in index.txt already`,
      `Two certificates would have one serial. ${write}`,
    );
  if (number <= highest)
    return warn(
      check,
      `the next is ${text}, and ${hex(highest)} was given already`,
      `Sooner or later one is given a second time. ${write}`,
    );
  return ok(check, `the next is ${text}`);
}

function hex(number: bigint): string {
  const text = number.toString(16).toUpperCase();
  return text.length % 2 === 0 ? text : `0${text}`;
}

function files(entries: readonly Entry[], issued: readonly Seen[]): Finding {
  const check = 'files';
  const lists = issued.flatMap(({ data }) => (data ? [data.toString('utf8')] : []));
  if (lists.length === 0) {
    const denied = issued.some(({ state }) => state === 'denied');
    return denied
      ? unseen(check, 'the directories may not be listed by an account without rights')
      : warn(
          check,
          'no directory of issued certificates is there',
          'Say in the config where they are (shared.ca.issued).',
        );
  }
  const there = new Map<string, string>();
  for (const name of lists.join('\n').split('\n')) {
    const text = /^([0-9A-F]{1,64})\.pem$/i.exec(name)?.[1];
    if (text !== undefined) there.set(bareSerial(text), name);
  }
  const known = new Set(entries.map((one) => bareSerial(one.serial)));
  const extra = [...there].filter(([key]) => !known.has(key)).map(([, name]) => name);
  const missing = entries.filter((one) => !there.has(bareSerial(one.serial))).map((one) => one.serial);
  if (extra.length > 0)
    return bad(
      check,
      `${extra.length} not in index.txt: ${some(extra.sort())}`,
      'They were signed and are recorded nowhere, so nobody can revoke them: openssl was stopped between the two, or index.txt was put back from an old copy. Add their lines to index.txt, or revoke them.',
    );
  if (missing.length > 0)
    return warn(
      check,
      `${missing.length} of ${entries.length} are missing: ${some(missing)}`,
      'They count all the same, and can be revoked only when their owner has the file. Look for them in a backup.',
    );
  return ok(check, `all ${entries.length} are there`);
}
