import type { IncomingMessage } from 'node:http';

/** Sent with every answer: only our own files, nothing framed, nothing sent elsewhere. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/**
 * Why a request is not let in, or null. Another site's page can make a browser ask this server, by its address or
 * by a name that it makes point here; neither comes with our own Host and Origin.
 */
export function whyRefused(request: IncomingMessage, port: number): string | null {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(request.headers.host ?? '')) return 'this page answers to 127.0.0.1 and localhost only';
  const { origin } = request.headers;
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`))
    return 'asked from another site';
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') {
    // A link from elsewhere may open the page itself, and nothing else.
    const opens =
      request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate' && request.url === '/';
    if (!opens) return 'asked from another site';
  }
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  if (request.method !== 'POST') return 'only GET and POST';
  if (origin === undefined) return 'a request without an origin';
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return 'only JSON';
  return null;
}
