import { Refused } from '../../src/core/refused.ts';
import type { Ask, Looked } from './reading.ts';
import { placeOf, type Settings } from './settings.ts';

/** Root's own word on what may be signed there. Without it the scripts do nothing. */
export const ALLOWED = '/etc/steward/ca.conf';

/** What has to be asked for it. */
export const ALLOWED_ASK: Ask = { kind: 'conf', name: 'allowed', path: ALLOWED };

/** What root's file says: each setting where it is not the one of Koji's guide. */
export interface Allowed {
  /** The unit that is told to read a new list of revoked ones; null: none is, undefined: that cannot be seen. */
  readonly reload: string | null | undefined;
}

const GUIDE: Readonly<Record<string, string>> = {
  dir: '/etc/pki/koji',
  certificate: 'koji_ca_cert.crt',
  key: 'private/koji_ca_cert.key',
  config: 'ssl.cnf',
  index: 'index.txt',
  serial: 'serial',
  issued: 'newcerts',
  certs: 'certs',
  crl: 'crl.pem',
};

/** Throws `Refused` where there is none, and where it names other files than the config: a plan would show what the script does not touch. */
export function readAllowed(looked: Looked, settings: Settings): Allowed {
  const { host } = looked;
  const { state, data } = looked.seen(ALLOWED_ASK.name);
  if (state === 'missing')
    throw new Refused(
      `Root of ${host} has not said that Steward may sign and revoke there.`,
      `An admin says so as root of that host: \`install -D -m 644 /dev/null ${ALLOWED}\`${settings.crlInUse === undefined ? '' : `, and writes \`crl_in_use=${settings.crlInUse}\` and \`reload=httpd.service\` into it, a line each`}.`,
    );
  if (!data) return { reload: undefined };
  const said = valuesIn(data.toString('utf8'));
  const other = wantedBy(settings).find(([name, value]) => saidAt(name, said) !== value);
  if (other) {
    const [name, value] = other;
    const there = saidAt(name, said);
    throw new Refused(
      `${ALLOWED} on ${host} ${there === undefined ? `names no ${name}` : `says ${name}=${there}`}, and \`shared.ca\` in Steward's config ${value}.`,
      `An admin makes the two say the same: there \`${name}=${value}\`, or the config.`,
    );
  }
  return { reload: said.get('reload') ?? null };
}

const valuesIn = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^([a-z_]+)=(.+)$/gm)].map(([, name = '', value = '']) => [name, value]));

function saidAt(name: string, said: ReadonlyMap<string, string>): string | undefined {
  const value = said.get(name) ?? GUIDE[name];
  if (value === undefined || name === 'dir' || value.startsWith('/')) return value;
  return `${said.get('dir') ?? GUIDE.dir}/${value}`;
}

/** By the names of root's file. A copy for httpd that the config does not name is looked at by nobody, and does no harm. */
function wantedBy(settings: Settings): readonly (readonly [string, string])[] {
  const { dir, certificate, key, config, index, serial, issued, kept, crl, crlInUse } = settings;
  const [folder = 'newcerts'] = issued;
  const below = { certificate, key, config, index, serial, issued: folder, certs: kept, crl };
  return [
    ['dir', dir.replace(/\/+$/, '')],
    ...Object.entries(below).map(([name, path]) => [name, placeOf(path, settings)] as const),
    ...(crlInUse === undefined ? [] : [['crl_in_use', crlInUse] as const]),
  ];
}
