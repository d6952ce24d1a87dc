import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Refused } from '../core/refused.ts';

/** Whom a certificate names. */
export interface Identity {
  readonly name: string;
  readonly until: Date;
}

/** The hub's URL without a last slash. Throws `Refused`. */
export function hubAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address?.protocol !== 'https:' || address.search !== '' || address.username !== '') {
    throw new Refused('The address of the Koji hub must look like `https://koji.example.org/kojihub`.');
  }
  address.pathname = address.pathname.replace(/\/+$/, '');
  return address;
}

/** Whom a certificate names and until when it is good; null without one. Throws `Refused` for files that cannot work. */
export function identity(ca: string, cert?: string, key?: string): Identity | null {
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    // OpenSSL's last words: `error:05800074:x509 certificate routines::key values mismatch`.
    const why = error instanceof Error ? error.message.replace(/^error:.*::/, '') : 'not readable';
    throw new Refused(
      `The certificate, key or CA for the Koji hub cannot be used: ${why}.`,
      'Check the files named under `koji`.',
    );
  }
  if (cert === undefined || key === undefined) return null;
  const own = new X509Certificate(cert);
  const name = /^CN=(.+)$/m.exec(own.subject)?.[1];
  if (name === undefined)
    throw new Refused("The bot's Koji certificate names nobody: it has no common name (CN).");
  return { name, until: new Date(own.validTo) };
}
