import { z } from 'zod';
import type { Oddity, Surroundings } from '../../src/core/command.ts';
import { strangeHosts } from '../host-reading.ts';

const path = z
  .string()
  .regex(
    /^(?!.*\/\.\.(\/|$))\/?[A-Za-z0-9_][A-Za-z0-9._/-]*$/,
    'should be a path, from / or below `dir`, of plain characters, without ..',
  );

const user = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/, 'should be a Koji user name');
const identifier = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$/, 'should be a permission of the hub');
const home = z
  .string()
  .regex(/^[A-Za-z0-9_.~/-]+$/, 'should be a path of plain characters, as a person types it');

/** How people's own machines are set up: what a new user is told. */
const client = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'should be a word')
    .default('koji')
    .meta({ description: 'What people type, and the section of their configuration: kkoji, say.' }),
  server: z.url().optional().meta({ description: 'https://koji.example.org/kojihub' }),
  weburl: z.url().optional(),
  topurl: z.url().optional(),
  config: home.default('~/.koji/config'),
  cert: home.default('~/.koji.cert').meta({ description: 'Key and certificate in one file.' }),
  ca: home.default('~/.koji-ca.cert'),
});

/** One place that has to have the CA's file. */
const place = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/, 'should be a word, like hub or builders')
      .meta({ description: 'What people call it.' }),
    host: z.string().min(1).optional().meta({ description: 'The host, as `hosts.list` names it.' }),
    file: path
      .refine((text) => text.startsWith('/'), 'should begin with /')
      .optional()
      .meta({ description: 'The CA’s file on that host: Steward looks whether it is the new one.' }),
    tls: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:\d{1,5}$/i, 'should be a host and a port: koji.example.org:443')
      .optional()
      .meta({
        description: 'A server there: the CA’s host shakes hands with it, trusting the new file alone.',
      }),
    what: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .meta({ description: 'What a person has to do there, in words.' }),
  })
  .refine(({ host, file }) => (host === undefined) === (file === undefined), {
    error: 'should have both host and file, or neither',
  });

/**
 * The part of the config at `shared.ca`: where the certificate authority is. The names are those of Koji's own guide;
 * a path that does not begin with / is below `dir`.
 */
export const settings = z.strictObject({
  host: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The host that has the CA, as `hosts.list` names it.' }),
  dir: path.refine((text) => text.startsWith('/'), 'should begin with /').default('/etc/pki/koji'),
  certificate: path.default('koji_ca_cert.crt'),
  key: path.default('private/koji_ca_cert.key'),
  config: path.default('ssl.cnf'),
  index: path.default('index.txt'),
  serial: path.default('serial'),
  crl: path.default('crl.pem'),
  issued: z
    .array(path)
    .min(1)
    .max(5)
    .default(['newcerts', 'certs'])
    .meta({ description: 'Directories where `openssl ca` puts what it signs, as 1A.pem.' }),
  crlInUse: path
    .refine((text) => text.startsWith('/'), 'should begin with /')
    .optional()
    .meta({ description: 'The copy of the CRL that httpd reads (SSLCARevocationFile).' }),
  kept: path
    .default('certs')
    .meta({ description: 'Directory where each request and what was signed for it is kept.' }),
  days: z
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(365)
    .meta({ description: 'How long a certificate is good.' }),
  crlDays: z.number().int().min(1).max(9999).default(3650).meta({
    description:
      'How long a list of revoked ones is good: httpd refuses everybody after it, and only `cert revoke` makes a new one.',
  }),
  ed25519: z
    .boolean()
    .default(false)
    .meta({ description: 'Keys of this kind too: only where the hub’s httpd takes them.' }),
  reserved: z
    .array(user)
    .default(['kojiadmin', 'kojihub', 'kojiweb', 'kojira', 'koji-gc'])
    .meta({ description: 'Accounts of services and admins, for which nothing is signed by request.' }),
  places: z
    .array(place)
    .max(50)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'should have each name once')
    .optional()
    .meta({
      description:
        'Where the CA’s file has to be after `ca renew`. Left out: hub, web, builders, users, each by hand.',
    }),
  newUserPermissions: z
    .array(identifier.refine((name) => name !== 'admin', 'should not be admin: that takes two people'))
    .max(10)
    .optional()
    .meta({
      description:
        'What somebody new on the hub gets with a first certificate, beside the account: [build], say; [] is the account alone. Left out: nothing. Needs the permission `admin`, and `hub.permissions` with it.',
    }),
  client: client.prefault({}),
  deadlineSeconds: z.number().int().min(1).max(120).default(15),
});

export type Settings = z.output<typeof settings>;

/** Where a file of the CA is on its host. */
export function placeOf(path: string, { dir }: Settings): string {
  return path.startsWith('/') ? path : `${dir.replace(/\/+$/, '')}/${path}`;
}

/** What of them the rest of the config does not fit. */
export function oddities(
  { host, places = [], newUserPermissions }: Settings,
  { hosts, permissions }: Surroundings,
): readonly Oddity[] {
  const lacksAdmin = newUserPermissions !== undefined && !permissions.includes('admin');
  const says =
    'takes `admin` in hub.permissions, which is not there: somebody new on the hub gets no account with a certificate';
  return [
    ...strangeHosts(
      [[['host'], host], ...places.map((place, at) => [['places', at, 'host'], place.host] as const)],
      hosts,
    ),
    ...(lacksAdmin ? [{ keys: ['newUserPermissions'], says }] : []),
  ];
}
