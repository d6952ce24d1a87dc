/** Why no answer of a hub came, in words for people and in a code for the log. */
export interface Trouble {
  readonly code: string;
  readonly says: string;
}

const AGAIN = 'If it lasts, tell the people who run the hub.';
const ADMINS = 'An admin of the bot has to look; this does not pass by itself.';

const BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: `does not accept connections: its web server is down or being restarted. ${AGAIN}`,
  ECONNRESET: `closed the connection without an answer. ${AGAIN}`,
  EPIPE: `closed the connection without an answer. ${AGAIN}`,
  ETIMEDOUT: `does not answer. ${AGAIN}`,
  DEADLINE: `took too long to answer. It may be busy. ${AGAIN}`,
  ABORTED: 'was not waited for any longer.',
  EHOSTUNREACH: `cannot be reached over the network. ${AGAIN}`,
  ENETUNREACH: `cannot be reached over the network. ${AGAIN}`,
  ENOTFOUND: `has a name that cannot be found in DNS. Check \`koji.url\` in the bot's config. ${ADMINS}`,
  EAI_AGAIN: `has a name that cannot be looked up now: DNS does not answer. ${AGAIN}`,
  CERT_HAS_EXPIRED: `shows a certificate that has expired; the people who run the hub must renew it.`,
  ERR_TLS_CERT_ALTNAME_INVALID: `shows a certificate made for another host name. Check \`koji.url\` in the bot's config. ${ADMINS}`,
  TOO_LARGE: `gave an answer that is too large to take. Ask for less at once.`,
  UNREADABLE: `gave an answer that is not Koji's XML-RPC; something else may be answering in its place. ${AGAIN}`,
};

const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

/** What an error of a connection means; `where` is the hub's host and port. */
export function troubleOf(error: unknown, where: string): Trouble {
  const code = codeOf(error);
  return { code, says: `The Koji hub (${where}) ${meaning(code)}` };
}

/** Made by the transport itself: DEADLINE, ABORTED, TOO_LARGE, UNREADABLE. */
export function troubleNamed(code: string, where: string): Trouble {
  return { code, says: `The Koji hub (${where}) ${meaning(code)}` };
}

function meaning(code: string): string {
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  if (UNTRUSTED.has(code)) {
    return `shows a certificate that the bot's CA file does not vouch for. Check \`koji.ca\` in the bot's config, and whether the hub's CA was changed. ${ADMINS}`;
  }
  if (code.includes('ALERT_CERTIFICATE_EXPIRED')) {
    return `refused the bot's own certificate: it has expired. It must be renewed. ${ADMINS}`;
  }
  if (code.includes('ALERT_CERTIFICATE_REVOKED'))
    return `refused the bot's own certificate: it is revoked. ${ADMINS}`;
  if (code.includes('ALERT_UNKNOWN_CA')) {
    return `refused the bot's own certificate: the hub does not know the CA that signed it. ${ADMINS}`;
  }
  if (/ALERT_(BAD_CERTIFICATE|HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED|UNSUPPORTED_CERTIFICATE)/.test(code)) {
    return `did not accept the bot's own certificate. ${ADMINS}`;
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return `does not agree with the bot on an encrypted connection (${code}). Check \`koji.url\`: it must be the hub's https address. ${ADMINS}`;
  }
  return `cannot be reached (${code}). ${AGAIN}`;
}

/** What an HTTP answer that is no XML-RPC means. The page itself is never shown. */
export function troubleOfStatus(status: number, body: string, where: string): Trouble {
  const says = (text: string) => ({ code: `HTTP_${status}`, says: `The Koji hub (${where}) ${text}` });
  if (status === 403 && body.includes('Post-Handshake')) {
    return says(
      `asks for the certificate in a way that needs TLS 1.2, and TLS 1.3 was spoken. Allow TLS 1.2 on the hub's web server. ${ADMINS}`,
    );
  }
  if (status === 401 || status === 403) {
    return says(
      `sent a web page instead of an answer: its web server does not let the bot in (HTTP ${status}). ${ADMINS}`,
    );
  }
  if (status === 404) {
    return says(`has nothing at this address (HTTP 404). Check \`koji.url\` in the bot's config. ${ADMINS}`);
  }
  if (status >= 300 && status < 400) {
    return says(
      `sends the bot to another address (HTTP ${status}), which it does not follow. Check \`koji.url\`. ${ADMINS}`,
    );
  }
  if (status >= 500) {
    return says(
      `sent an error page instead of an answer (HTTP ${status}): it may be under maintenance. ${AGAIN}`,
    );
  }
  if (status >= 400) return says(`did not take the call (HTTP ${status}). ${ADMINS}`);
  return says(
    `sent a web page instead of an answer; a proxy or a maintenance page may be in its place. ${AGAIN}`,
  );
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return error instanceof Error ? error.name : 'UNKNOWN';
}
