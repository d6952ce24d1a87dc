import { z } from 'zod';

const path = z
  .string()
  .regex(
    /^(?!.*\/\.\.(\/|$))\/?[A-Za-z0-9_][A-Za-z0-9._/-]*$/,
    'should be a path, from / or below `dir`, of plain characters, without ..',
  );

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
  deadlineSeconds: z.number().int().min(1).max(120).default(15),
});

export type Settings = z.output<typeof settings>;

/** Where a file of the CA is on its host. */
export function placeOf(path: string, { dir }: Settings): string {
  return path.startsWith('/') ? path : `${dir.replace(/\/+$/, '')}/${path}`;
}
