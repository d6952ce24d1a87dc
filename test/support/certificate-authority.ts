import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A CA as Koji's own guide lays one out, made with the real openssl in a directory that stands for /etc/pki/koji. */
export interface TestCa {
  readonly dir: string;
  readonly certificate: string;
  /** SHA-256 of its certificate, hex. */
  readonly fingerprint: string;
  read(name: string): string;
  write(name: string, text: string): void;
  has(name: string): boolean;
  /** The lines of index.txt. */
  index(): readonly (readonly string[])[];
}

/** What a person has of their own: a key, and a signing request for it. */
export interface Asker {
  readonly key: string;
  readonly csr: string;
  /** As the root script takes it. */
  readonly der: string;
  /** SHA-256 of the request, hex. */
  readonly fingerprint: string;
}

const CONFIG = `
[ca]
default_ca = ca_default

[ca_default]
dir = .
certs = $dir/certs
crl_dir = $dir/crl
database = $dir/index.txt
new_certs_dir = $dir/newcerts
certificate = $dir/koji_ca_cert.crt
private_key = $dir/private/koji_ca_cert.key
serial = $dir/serial
crl = $dir/crl.pem
x509_extensions = usr_cert
name_opt = ca_default
cert_opt = ca_default
default_days = 3650
default_crl_days = 30
default_md = sha1
preserve = no
policy = policy_match

[policy_match]
countryName = match
stateOrProvinceName = match
organizationName = match
organizationalUnitName = optional
commonName = supplied
emailAddress = optional

[req]
distinguished_name = req_distinguished_name
x509_extensions = v3_ca

[req_distinguished_name]

[usr_cert]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always

[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer:always
basicConstraints = CA:true
`;

export const SUBJECT = '/C=US/ST=NC/L=Raleigh/O=Katello Koji';

function openssl(args: readonly string[], cwd: string): string {
  return execFileSync('openssl', args, {
    cwd,
    encoding: 'utf8',
    timeout: 20_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/**
 * Makes one; `days` is how long it is good, `expired` one whose time is over, `mask` how its name is
 * encoded (Koji's guide has MASK:0x2002: printable strings).
 */
export function makeCa(dir: string, { days = 3650, expired = false, mask = 'utf8only' } = {}): TestCa {
  for (const name of ['private', 'certs', 'confs', 'newcerts'])
    mkdirSync(join(dir, name), { recursive: true });
  const empty = (): void => {
    writeFileSync(join(dir, 'index.txt'), '');
    writeFileSync(join(dir, 'serial'), '01\n');
  };
  writeFileSync(join(dir, 'ssl.cnf'), CONFIG.replace('[req]', `[req]\nstring_mask = ${mask}`));
  empty();
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'private/koji_ca_cert.key'];
  const subject = ['-subj', `${SUBJECT}/OU=CA/CN=koji CA`];
  const selfSigned = ['-x509', '-sha256', '-days', String(days), '-out', 'koji_ca_cert.crt'];
  openssl(
    ['req', '-config', 'ssl.cnf', '-new', ...key, ...subject, ...(expired ? ['-out', 'ca.csr'] : selfSigned)],
    dir,
  );
  if (expired) {
    const times = ['-startdate', '140708093430Z', '-enddate', '240705093430Z'];
    const files = ['-keyfile', 'private/koji_ca_cert.key', '-in', 'ca.csr', '-out', 'koji_ca_cert.crt'];
    const how = ['-batch', '-config', 'ssl.cnf', '-selfsign', '-notext', '-extensions', 'v3_ca'];
    openssl(['ca', ...how, ...times, ...files], dir);
    empty();
  }
  return openCa(dir);
}

/** The one that is there. */
export function openCa(dir: string): TestCa {
  const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
  const certificate = read('koji_ca_cert.crt');
  return {
    dir,
    certificate,
    fingerprint: fingerprintOf(certificate),
    read,
    write: (name, text) => writeFileSync(join(dir, name), text),
    has: (name) => existsSync(join(dir, name)),
    index: () =>
      read('index.txt')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\t')),
  };
}

/** SHA-256 of a certificate, hex. */
export function fingerprintOf(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

/** A key and a request, made as the bot tells people to make them. */
export function makeAsker(
  dir: string,
  subject: string,
  newkey: readonly string[] = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
): Asker {
  const name = createHash('sha256').update(`${subject}${Math.random()}`).digest('hex').slice(0, 12);
  openssl(
    [
      'req',
      '-new',
      '-newkey',
      ...newkey,
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      subject,
    ],
    dir,
  );
  const csr = readFileSync(join(dir, `${name}.csr`), 'utf8');
  const bytes = Buffer.from(csr.replace(/-----[^-]+-----/g, ''), 'base64');
  return {
    key: readFileSync(join(dir, `${name}.key`), 'utf8'),
    csr,
    der: bytes.toString('base64'),
    fingerprint: createHash('sha256').update(bytes).digest('hex'),
  };
}
