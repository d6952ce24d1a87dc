import type { Answer, CopyText } from '../../src/core/answer.ts';
import type { Certificate } from './certificate.ts';
import type { Entry } from './index-file.ts';
import { type Attribute, subjectLine } from './names.ts';
import type { Settings } from './settings.ts';
import { bundleOf } from './signing.ts';
import { day } from './times.ts';

type Client = Settings['client'];

/** The one line that makes a key and a request. */
export function requestLine(ca: readonly Attribute[], user: string, file: string): string {
  return `(umask 077; openssl req -new -sha256 -newkey rsa:4096 -nodes -keyout ${file}.key -out ${file}.csr -subj "${subjectLine(ca, user)}")`;
}

/** Signs the new request with the key of the old certificate, and prints the signature as one word. */
export function proofLine(file: string, { cert }: Client): string {
  return `openssl req -in ${file}.csr -outform DER | openssl dgst -sha256 -sign ${cert} | openssl base64 -A`;
}

/** What to do, wherever one is. `between`: what comes before it is sent. */
export function pasteLines(command: string, file: string, between?: string): readonly string[] {
  const steps = [
    `Run the line below in a terminal. It makes ${file}.key, which you show to nobody, and ${file}.csr, which you send.`,
    ...(between === undefined ? [] : [between]),
    `Say \`${command} csr=\` with all of ${file}.csr pasted behind it; in chat, \`/koji ${command} csr=\` alone opens a form for that. In a terminal: \`steward ask ${command} "csr=$(cat ${file}.csr)"\`.`,
  ];
  return steps.map((step, at) => `(${at + 1}) ${step}`);
}

/**
 * All that a person needs to use a certificate: what they get when it is signed. `isAnother`: they have one, so their
 * client is set up, and its file is kept until the new one works.
 */
export function handOver(
  signed: { readonly entry: Entry; readonly certificate: Certificate },
  roots: readonly Certificate[],
  settings: Settings,
  { file, isAnother }: { readonly file: string; readonly isAnother: boolean },
): Omit<Answer, 'next'> {
  const { entry, certificate } = signed;
  const { client } = settings;
  const user = entry.user ?? '';
  const keeps = isAnother ? `cp -p ${client.cert} ${client.cert}.old; ` : '';
  const setUp: readonly CopyText[] = [
    {
      title: `The certificate${roots.length > 1 ? 's' : ''} of the CA: save ${roots.length > 1 ? 'all of it' : 'it'} as \`${client.ca}\``,
      text: bundleOf(roots),
    },
    ...configText(client),
    ...aliasText(client),
  ];
  const texts: readonly CopyText[] = [
    {
      title: `The certificate: save it as \`${file}.crt\`, beside your \`${file}.key\``,
      text: certificate.pem,
    },
    {
      title: `Key and certificate in one file, \`${client.cert}\`${isAnother ? '; the old one is kept beside it' : ''}`,
      text: `(umask 077; ${keeps}{ openssl x509 -in ${file}.crt; cat ${file}.key; } > ${client.cert})`,
    },
    ...(isAnother ? [] : setUp),
    { title: 'Try it: it greets you by your Koji user name', text: `${client.name} moshimoshi` },
    {
      title: 'For the web interface: a file that the browser imports (in Firefox: Settings, Certificates)',
      text: `openssl pkcs12 -export -inkey ${client.cert} -in ${client.cert} -CAfile ${client.ca} -out ${client.name}_browser_cert.p12`,
    },
  ];
  return {
    kind: 'answer',
    title: `Certificate ${entry.serial} of ${user}`,
    verdict: 'ok',
    lines: [
      `Good until ${day(certificate.until)}. It is public: without the key that you kept, nobody can use it.`,
      `SHA-256 of it: \`${certificate.fingerprint}\``,
    ],
    texts: texts.map(({ title, text }, at) => ({ title: `(${at + 1}) ${title}`, text })),
  };
}

function configText(client: Client): readonly CopyText[] {
  const { server, weburl, topurl } = client;
  if (server === undefined) return [];
  const lines = [
    `[${client.name}]`,
    `server = ${server}`,
    ...(weburl === undefined ? [] : [`weburl = ${weburl}`]),
    ...(topurl === undefined ? [] : [`topurl = ${topurl}`]),
    `cert = ${client.cert}`,
    `ca = ${client.ca}`,
    `serverca = ${client.ca}`,
    'authtype = ssl',
  ];
  return [{ title: `The client's configuration, in \`${client.config}\``, text: lines.join('\n') }];
}

function aliasText({ name }: Client): readonly CopyText[] {
  if (name === 'koji') return [];
  return [
    {
      title: `\`${name}\`, which uses that section`,
      text: `mkdir -p ~/bin\nln -s /usr/bin/koji ~/bin/${name}`,
    },
  ];
}
