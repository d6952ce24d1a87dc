import { Agent, request } from 'node:https';
import { type Trouble, troubleNamed, troubleOf } from './trouble.ts';

/** How one POST ended. `not-sent`: no byte of it left. `lost`: it may have arrived, and no whole answer came. */
export type Delivery =
  | { readonly kind: 'answer'; readonly status: number; readonly type: string; readonly body: string }
  | { readonly kind: 'not-sent' | 'lost'; readonly trouble: Trouble };

export interface TransportOptions {
  /** PEM. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly deadlineMs: number;
  readonly maxBytes?: number;
}

/** POSTs to one hub over a few kept connections. */
export interface Transport {
  /** Host and port, for messages. */
  readonly where: string;
  /** Never throws for the network's sake; one attempt, no redirect followed. */
  post(target: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Delivery>;
  close(): void;
}

/** `url` is the hub's, without a path of interest here: `post` takes the path and query. */
export function createTransport(url: URL, options: TransportOptions): Transport {
  const { ca, cert, key, deadlineMs, maxBytes = 32 * 1024 * 1024 } = options;
  const where = url.host;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 8,
    ca,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // A stock hub asks for the certificate only at /ssllogin; over TLS 1.3 Node cannot give it so late.
    maxVersion: 'TLSv1.2',
    // Said here, so that no variable of the environment can switch it off.
    rejectUnauthorized: true,
  });

  const post: Transport['post'] = (target, headers, body, signal) =>
    new Promise((resolve) => {
      let sent = false;
      const fail = (trouble: Trouble) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve({ kind: sent ? 'lost' : 'not-sent', trouble });
        outgoing.destroy();
      };
      const timer = setTimeout(() => fail(troubleNamed('DEADLINE', where)), deadlineMs);
      const onAbort = () => fail(troubleNamed('ABORTED', where));

      const outgoing = request({
        agent,
        method: 'POST',
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? 443 : Number(url.port),
        path: target,
        headers: {
          ...headers,
          'Content-Type': 'text/xml',
          'Content-Length': Buffer.byteLength(body),
          'User-Agent': 'koji-steward',
        },
      });
      outgoing.on('error', (error) => fail(troubleOf(error, where)));
      outgoing.on('socket', (socket) => {
        // On a kept connection the bytes may leave at once; on a new one only after the handshake.
        if (outgoing.reusedSocket) sent = true;
        else
          socket.once('secureConnect', () => {
            sent = true;
          });
      });
      outgoing.on('response', (incoming) => {
        sent = true;
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) fail(troubleNamed('TOO_LARGE', where));
          else chunks.push(chunk);
        });
        incoming.on('error', (error) => fail(troubleOf(error, where)));
        incoming.on('end', () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          const text = utf8(Buffer.concat(chunks));
          if (text === null) resolve({ kind: 'lost', trouble: troubleNamed('UNREADABLE', where) });
          else {
            const type = incoming.headers['content-type'] ?? '';
            resolve({ kind: 'answer', status: incoming.statusCode ?? 0, type, body: text });
          }
        });
      });
      if (signal.aborted) onAbort();
      else {
        signal.addEventListener('abort', onAbort, { once: true });
        outgoing.end(body);
      }
    });

  return { where, post, close: () => agent.destroy() };
}

/** Web pages come in any charset, so only their bytes that are not UTF-8 are let through as marks. */
function utf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.subarray(0, 200).toString('latin1').includes('<methodResponse')
      ? null
      : bytes.toString('latin1');
  }
}
