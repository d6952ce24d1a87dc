import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { createAgenda } from '../agenda.ts';
import type { Pki } from '../pki.ts';
import type { DispatchOptions } from './dispatch.ts';
import { keep, remember } from './memory.ts';
import type { Version } from './method.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { answer } from './web.ts';
import { type Change, firstWorld, type World } from './world.ts';

export interface SandboxHubOptions {
  readonly version: Version;
  readonly pki: Pki;
  /** A JSON file: a second start with it finds the same world. */
  readonly statePath?: string;
  /** Changes the first world; not called when the file holds one. */
  readonly world?: (world: World) => void;
  /** 0 for any. */
  readonly port?: number;
  /** `LoginCreatesUser`; true, as on a real hub. */
  readonly createsUsers?: boolean;
  /** `DisableURLSessions`; false, as on a real hub. */
  readonly urlSessionsDisabled?: boolean;
  /** `SessionRenewalTimeout`, in seconds; a day. */
  readonly renewalSeconds?: number;
  /** Is the certificate with this serial on the list of revoked ones that httpd reads? */
  readonly isRevoked?: (serial: string) => boolean;
  /** What a request costs, in milliseconds: a real hub thinks far longer than this one. `calls`: how many a multiCall holds. */
  readonly costMs?: (method: string, calls: number) => number;
}

export interface SandboxHub {
  /** `https://127.0.0.1:<port>/kojihub` */
  readonly url: string;
  /** As it is now; may be changed behind everybody's back. */
  readonly world: World;
  /** How many calls changed something. */
  writes(): number;
  /** Every call of a changing method that was carried out, those that found nothing to change too. */
  history(): readonly Change[];
  misbehave(how: Misbehaviour): Promise<void>;
  /** Ends every misbehaviour; after `down` it listens again at the same port. */
  behave(): Promise<void>;
  close(): Promise<void>;
}

/** A pretend Koji hub behind a pretend Apache: TLS, client certificates, XML-RPC, and the unkind rules of a version. */
export async function startHub(options: SandboxHubOptions): Promise<SandboxHub> {
  const { version, pki, statePath } = options;
  const kept = remember(statePath);
  const world = kept ?? firstWorld(Date.now() / 1000);
  if (kept === null) options.world?.(world);
  const save = () => keep(statePath, world);
  save();

  const rules: DispatchOptions = {
    world,
    version,
    save,
    createsUsers: options.createsUsers ?? true,
    urlSessionsDisabled: options.urlSessionsDisabled ?? false,
    renewalSeconds: options.renewalSeconds ?? 24 * 3600,
    ...(options.costMs ? { costMs: options.costMs } : {}),
  };
  const agenda = createAgenda<Misbehaviour>();
  const stopped = new AbortController();
  const sockets = new Set<Duplex>();
  const server = createServer(
    {
      cert: pki.server.cert,
      key: pki.server.key,
      ca: pki.ca,
      requestCert: true,
      // Only the login's path insists on a certificate; anybody may read.
      rejectUnauthorized: false,
      keepAliveTimeout: 15_000,
    },
    (request, response) => {
      const { isRevoked = () => false } = options;
      const meets = (method: string) =>
        agenda.take((one) => one.method === undefined || one.method === method);
      answer(request, response, { ...rules, isRevoked }, meets, stopped.signal).catch(() =>
        request.socket.destroy(),
      );
    },
  );
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (_, socket) => socket.destroy());

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  };
  const shut = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  const port = await listen(options.port ?? 0);
  let back: NodeJS.Timeout | undefined;

  const behave = async () => {
    clearTimeout(back);
    agenda.clear();
    if (!server.listening) await listen(port);
  };
  return {
    url: `https://127.0.0.1:${port}/kojihub`,
    world,
    writes: () => world.changes.filter(({ changed }) => changed).length,
    history: () => world.changes,
    misbehave: async (how) => {
      if (how.kind === 'expire-sessions') for (const session of world.sessions) session.expired = true;
      else if (how.kind === 'drop-sessions') world.sessions = [];
      else if (how.kind === 'down') {
        await shut();
        if (how.ms !== undefined) back = setTimeout(() => void behave(), how.ms);
      } else agenda.add(how);
    },
    behave,
    close: async () => {
      clearTimeout(back);
      stopped.abort();
      await shut();
    },
  };
}
