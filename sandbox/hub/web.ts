import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import { bodyOf } from '../body.ts';
import { callsIn, type DispatchOptions, dispatch, methodOf, type Post } from './dispatch.ts';
import { type Misbehaviour, page } from './misbehaviour.ts';
import { encodeFault } from './wire.ts';

/** Answers one request as the web server and the hub behind it do. Rejects for a connection that broke. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  rules: DispatchOptions & { readonly isRevoked: (serial: string) => boolean },
  meets: (method: string) => Misbehaviour | null,
  stopped: AbortSignal,
): Promise<void> {
  const send = (status: number, type: string, body: string) => {
    const length = Buffer.byteLength(body);
    const about = rules.version === '1.20' ? {} : { 'Koji-Version': '1.35.3' };
    response.writeHead(status, { ...about, 'Content-Type': type, 'Content-Length': length }).end(body);
  };
  const html = (status: number, title: string, reason: string) =>
    send(status, 'text/html; charset=iso-8859-1', page(status, title, reason));

  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const body = (await bodyOf(request, Number.POSITIVE_INFINITY)).toString('utf8');
  if (path !== '/kojihub' && path !== '/kojihub/ssllogin')
    return html(404, 'Not Found', 'The requested URL was not found.');
  if (request.method !== 'POST')
    return send(405, 'text/plain', 'Method Not Allowed\nThis is an XML-RPC server.\n');

  const isLogin = path === '/kojihub/ssllogin';
  const tls = request.socket;
  if (!(tls instanceof TLSSocket)) throw new Error('not TLS');
  if (isLogin && tls.getProtocol() === 'TLSv1.3') {
    // Apache asks for the certificate only now, and over TLS 1.3 Node cannot be asked again.
    const reason =
      "You don't have permission to access this resource.Reason: Cannot perform Post-Handshake Authentication.";
    return html(403, 'Forbidden', reason);
  }
  if (isLogin && (!tls.authorized || rules.isRevoked(tls.getPeerCertificate().serialNumber))) {
    // Apache sends a TLS alert; a server in Node can only hang up.
    tls.destroy();
    return;
  }

  const costMs = rules.costMs?.(methodOf(body), callsIn(body)) ?? 0;
  if (costMs > 0) await sleep(costMs, undefined, { signal: stopped });
  const met = meets(methodOf(body));
  const post: Post = {
    body,
    query,
    headers: request.headers,
    ip: request.socket.remoteAddress ?? '',
    certificate: isLogin ? commonName(tls) : undefined,
  };
  const carryOut = () => dispatch(rules, post);
  const deliver = (call: Post) => {
    const { status, body: xml } = dispatch(rules, call);
    send(status, status === 200 ? 'text/xml' : 'text/plain', xml);
  };

  switch (met?.kind) {
    case 'reset':
      tls.destroy();
      return;
    case 'lose-answer':
      carryOut();
      tls.destroy();
      return;
    case 'lose-session':
      carryOut();
      rules.world.sessions = [];
      tls.destroy();
      return;
    case 'anonymous':
      return deliver({ ...post, headers: {}, query: '' });
    case 'truncate': {
      const { body: xml } = carryOut();
      response.writeHead(200, { 'Content-Type': 'text/xml', 'Content-Length': Buffer.byteLength(xml) });
      response.write(xml.slice(0, xml.length / 2), () => tls.destroy());
      return;
    }
    case 'slow': {
      const { status, body: xml } = carryOut();
      await sleep(met.ms ?? 1000, undefined, { signal: stopped });
      return send(status, 'text/xml', xml);
    }
    case 'hang':
      return;
    case 'html':
      return html(503, 'Service Unavailable', 'The server is temporarily unable to service your request.');
    case 'gateway':
      carryOut();
      return html(502, 'Bad Gateway', 'The proxy server received an invalid response.');
    case 'forbid':
      return html(403, 'Forbidden', "You don't have permission to access this resource.");
    case 'redirect':
      response.writeHead(302, { Location: 'https://127.0.0.1:1/elsewhere', 'Content-Length': 0 }).end();
      return;
    case 'garbage':
      return send(200, 'text/xml', 'Traceback (most recent call last):\n');
    case 'huge':
      return endless(response, stopped);
    case 'offline':
      return send(200, 'text/xml', encodeFault(1014, 'temporary outage'));
    case 'sql':
      return send(
        200,
        'text/xml',
        encodeFault(1, 'DETAIL:  Failing row contains (2, x86_64, 4, null, SELECT secret).\n'),
      );
    default:
      return deliver(post);
  }
}

async function endless(response: ServerResponse, stopped: AbortSignal): Promise<void> {
  const piece = 'x'.repeat(1024 * 1024);
  function* pieces() {
    yield "<?xml version='1.0'?><methodResponse><params><param><value><string>";
    while (true) yield piece;
  }
  response.writeHead(200, { 'Content-Type': 'text/xml' });
  await pipeline(Readable.from(pieces()), response, { signal: stopped });
}

function commonName(tls: TLSSocket): string | null {
  const certificate: Partial<PeerCertificate> = tls.getPeerCertificate();
  const name = certificate.subject?.CN;
  return typeof name === 'string' ? name : null;
}
