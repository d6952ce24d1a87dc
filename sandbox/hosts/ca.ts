import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Koji's guide has the CA, below the root of a pretend host. */
export const CA_DIR = 'etc/pki/koji';
/** The CRL as httpd reads it, and so the setting `crlInUse`. */
export const CRL_IN_USE = '/etc/httpd/conf/koji-crl.pem';

/** The CA's own file, in that directory. */
export const CERTIFICATE = 'koji_ca_cert.crt';
const KEY = 'private/koji_ca_cert.key';

/** Does this machine have what a CA is made with? */
export const hasOpenssl = spawnSync('openssl', ['version'], { timeout: 10_000 }).status === 0;

const CONFIG = `[ca]
default_ca = here

[here]
dir = .
database = $dir/index.txt
new_certs_dir = $dir/newcerts
serial = $dir/serial
crl = $dir/crl.pem
x509_extensions = user
default_days = 365
default_crl_days = 365
default_md = sha256
preserve = no
policy = match
string_mask = MASK:0x2002

[match]
countryName = match
stateOrProvinceName = match
organizationName = match
organizationalUnitName = optional
commonName = supplied
emailAddress = optional

[req]
default_md = sha256
distinguished_name = names
string_mask = MASK:0x2002

[names]

[user]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always

[v3_ca]
basicConstraints = CA:true
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer:always
`;

const SUBJECT = '/C=US/ST=NC/L=Raleigh/O=Koji Sandbox/OU=CA/CN=koji sandbox CA';

/** What is there from the beginning, in the order of the serials 01, 02, ... Days count from the making. */
const ISSUED: readonly { readonly user: string; readonly until: number; readonly revoked?: string }[] = [
  { user: 'maria', until: 90, revoked: 'superseded' },
  { user: 'maria', until: 200 },
  { user: 'adam', until: 12.5 },
  { user: 'bea', until: 300 },
  { user: 'kojira', until: 700 },
  { user: 'evan', until: -90 },
  { user: 'mallory', until: 250, revoked: 'keyCompromise' },
  { user: 'carl', until: 25.5 },
];

/** How long the CA is good: not so long that there would be nothing to renew. */
export const CA_DAYS = 1000;

const DAY_MS = 86_400_000;

/**
 * Makes a CA as Koji's guide lays it out, by the real openssl, with certificates in every state, if there is none.
 * `authority`: PEM of a CA that is there already, so that the hub takes what is signed here.
 */
export function makeCa(root: string, authority?: { readonly cert: string; readonly key: string }): void {
  const dir = join(root, CA_DIR);
  const done = join(dir, '.made');
  if (existsSync(done) || !hasOpenssl) return;
  // A stop in the middle left half a CA.
  rmSync(dir, { recursive: true, force: true });
  for (const folder of ['certs', 'confs', 'newcerts']) mkdirSync(join(dir, folder), { recursive: true });
  mkdirSync(join(dir, 'private'), { mode: 0o700 });
  const put = (name: string, text: string, mode = 0o644): void => {
    writeFileSync(join(dir, name), text);
    chmodSync(join(dir, name), mode);
  };
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: dir, timeout: 30_000, stdio: 'pipe' });
  };
  put('ssl.cnf', CONFIG);
  put('index.txt', '');
  put('index.txt.attr', 'unique_subject = no\n');
  put('serial', '01\n');
  if (authority) {
    put(CERTIFICATE, `${authority.cert.trim()}\n`);
    put(KEY, `${authority.key.trim()}\n`, 0o600);
  } else {
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', KEY);
    chmodSync(join(dir, KEY), 0o600);
    const subject = ['-subj', SUBJECT, '-extensions', 'v3_ca', '-days', String(CA_DAYS)];
    openssl('req', '-config', 'ssl.cnf', '-new', '-x509', '-key', KEY, '-out', CERTIFICATE, ...subject);
  }
  const sign = ['ca', '-batch', '-config', 'ssl.cnf', '-keyfile', KEY, '-cert', CERTIFICATE];
  const now = Date.now();
  // One key for all of them: nobody has it, and nobody logs in with these. One request, too: the CA says the subject.
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'private/users.key');
  const subject = partsOf(dir);
  const request = ['-key', 'private/users.key', '-subj', subject, '-out', 'one.csr'];
  openssl('req', '-new', '-config', 'ssl.cnf', ...request);
  for (const [at, { user, until, revoked }] of ISSUED.entries()) {
    const serial = String(at + 1).padStart(2, '0');
    const dates = ['-startdate', stamp(now - 400 * DAY_MS), '-enddate', stamp(now + until * DAY_MS)];
    const files = ['-notext', '-out', `certs/${user}.crt`, '-infiles', 'one.csr'];
    openssl(...sign, ...dates, '-subj', `${subject}/CN=${user}`, ...files);
    if (revoked) openssl(...sign, '-revoke', `newcerts/${serial}.pem`, '-crl_reason', revoked);
  }
  rmSync(join(dir, 'one.csr'));
  openssl(...sign, '-updatedb');
  openssl(...sign, '-gencrl', '-out', 'crl.pem');
  mkdirSync(join(root, 'etc/httpd/conf'), { recursive: true });
  copyFileSync(join(dir, 'crl.pem'), join(root, CRL_IN_USE));
  // For the script that signs: the pretend root's own paths.
  mkdirSync(join(root, 'etc/steward'), { recursive: true });
  writeFileSync(
    join(root, 'etc/steward/ca.conf'),
    `crl_in_use=${join(root, CRL_IN_USE)}\nreload=httpd.service\n`,
  );
  writeFileSync(done, '');
}

/** `/C=US/ST=NC/O=Koji Sandbox`, as the CA's certificate has them. */
function partsOf(dir: string): string {
  const subject = execFileSync(
    'openssl',
    ['x509', '-in', CERTIFICATE, '-noout', '-subject', '-nameopt', 'sep_multiline,sname,utf8'],
    { cwd: dir, timeout: 30_000, encoding: 'utf8' },
  );
  return ['C', 'ST', 'O']
    .map((key) => `/${key}=${new RegExp(`^\\s*${key}=(.*)$`, 'm').exec(subject)?.[1] ?? ''}`)
    .join('');
}

/** As `openssl ca` takes dates. */
function stamp(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}

/** What is in a file of the CA of this root. */
export function caFile(root: string, name: string): string {
  return readFileSync(join(root, CA_DIR, name), 'utf8');
}
