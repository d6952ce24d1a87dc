import type { Finding as Row } from '../../src/core/finding.ts';
import { Refused } from '../../src/core/refused.ts';
import { ALLOWED, readAllowed } from '../certificates/allowed.ts';
import type { Looked, Seen } from '../certificates/reading.ts';
import type { Settings } from '../certificates/settings.ts';
import type { Finding } from './finding.ts';

/** For `steward doctor`: what `ca check` found, and whether the scripts there may and can do their part. */
export function doctorRows(looked: Looked, found: readonly Finding[], settings: Settings): readonly Row[] {
  const well = found.filter(({ level }) => level === 'ok').length;
  const states = { bad: 'bad', warn: 'warn' } as const;
  return [
    allowed(looked, settings),
    ...owned(looked),
    { what: 'ca check', state: 'ok', says: `${well} of ${found.length} of what it looks at is well` },
    ...found.flatMap(({ check, level, found: says, advice }) =>
      level === 'bad' || level === 'warn'
        ? [{ what: check, state: states[level], says, ...(advice ? { todo: advice } : {}) }]
        : [],
    ),
  ];
}

function allowed(looked: Looked, settings: Settings): Row {
  const what = ALLOWED;
  try {
    const { reload } = readAllowed(looked, settings);
    if (reload === undefined)
      return {
        what,
        state: 'bad',
        says: 'may not be read by the account of Steward',
        todo: `chmod 644 ${ALLOWED}`,
      };
    if (reload === null && settings.crlInUse !== undefined)
      return {
        what,
        state: 'warn',
        says: 'names no unit that is told to read a new list of revoked ones',
        todo: `Write \`reload=httpd.service\` into it: until httpd is reloaded it lets in what was revoked.`,
      };
    return { what, state: 'ok', says: 'names the same files as shared.ca' };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const isThere = looked.seen('allowed').state !== 'missing';
    // Who only wants to look needs none.
    return { what, state: isThere ? 'bad' : 'warn', says: error.message, todo: error.next ?? '' };
  }
}

/** What the scripts take only from root. */
function owned(looked: Looked): readonly Row[] {
  const asked: readonly (readonly [string, Seen])[] = [
    [ALLOWED, looked.seen('allowed')],
    ['the CA’s directory', looked.seen('dir')],
    ['its certificate', looked.seen('ca')],
    ['ssl.cnf', looked.seen('config')],
    ['the directory of what is signed', looked.seen('issued0')],
  ];
  return asked.flatMap(([name, { facts }]) => {
    const { mode, owner } = facts;
    if (mode === undefined || owner === undefined) return [];
    const open = (Number.parseInt(mode, 8) & 0o022) !== 0;
    if (!open && owner === 'root') return [];
    const says = `${name} is ${mode}, of ${owner}: the scripts that sign take nothing that others than root can change`;
    // An owner may be another name of root's.
    return [
      { what: 'rights', state: open ? 'bad' : 'warn', says, todo: 'chown root: and chmod go-w it.' } as const,
    ];
  });
}
