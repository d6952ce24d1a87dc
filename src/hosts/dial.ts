import { connect, type Socket } from 'node:net';
import { NodeSSH } from 'node-ssh';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import type { HostOutcome } from '../core/ports.ts';
import { type KnownKeys, keyType } from './known-hosts.ts';
import { says } from './says.ts';
import type { Target } from './target.ts';

/** Why there is no connection. Nothing was started on the host. */
export type NoConnection = Exclude<HostOutcome, { kind: 'exit' }>;

/** An attempt to connect: it ends by itself, and can be asked how far it got. */
export interface Dialling {
  readonly done: Promise<Dialled>;
  /** What to say of an asker who cannot wait any longer. */
  soFar(): NoConnection;
}

/** `again`: the server dropped us before a word was said, which it does when too many connect at once. */
export type Dialled =
  | { readonly kind: 'open'; readonly client: Client }
  | { readonly kind: 'closed'; readonly why: NoConnection; readonly again: boolean };

// No diffie-hellman-group-exchange: checking the server's prime blocks the event loop for over a second.
const KEX = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group16-sha512',
] as const;

const ALL_TYPES = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];

/** Opens a connection and checks the host's key. `ms` bounds the whole attempt. */
export function dial(target: Target, privateKey: string, known: KnownKeys, ms: number): Dialling {
  const attempt: Attempt = { stage: 'tcp', heard: () => 0, presented: null };
  return {
    done: attend(target, privateKey, known, ms, attempt),
    soFar: () => unfinished(target, attempt),
  };
}

interface Attempt {
  stage: 'tcp' | 'ssh';
  heard: () => number;
  presented: { readonly key: Buffer; readonly judged: ReturnType<KnownKeys['judge']> } | null;
}

async function attend(
  target: Target,
  privateKey: string,
  known: KnownKeys,
  ms: number,
  attempt: Attempt,
): Promise<Dialled> {
  const endsAt = performance.now() + ms;
  const socket = connect({ host: target.address, port: target.port, noDelay: true });
  attempt.heard = () => socket.bytesRead;
  const timer = setTimeout(() => socket.destroy(new Error('steward: too slow')), ms);
  try {
    const refused = await connected(socket);
    if (refused) {
      const why =
        refused.message === 'steward: too slow' ? unfinished(target, attempt) : unreachable(target, refused);
      return { kind: 'closed', why, again: false };
    }
    attempt.stage = 'ssh';
    return await handshake(target, privateKey, known, socket, attempt, endsAt);
  } finally {
    clearTimeout(timer);
  }
}

function connected(socket: Socket): Promise<Error | null> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(null));
    socket.on('error', resolve);
    socket.once('close', () => resolve(new Error('closed')));
  });
}

async function handshake(
  target: Target,
  privateKey: string,
  known: KnownKeys,
  socket: Socket,
  attempt: Attempt,
  endsAt: number,
): Promise<Dialled> {
  const ssh = new NodeSSH();
  const opening = ssh.connect({
    sock: socket,
    username: target.user,
    privateKey,
    readyTimeout: Math.max(1, endsAt - performance.now()),
    keepaliveInterval: 5000,
    keepaliveCountMax: 2,
    algorithms: {
      kex: [...KEX],
      serverHostKey: signatures(known.types.length > 0 ? known.types : ALL_TYPES),
    },
    hostVerifier: (key: Buffer) => {
      const judged = known.judge(key);
      attempt.presented = { key: Buffer.from(key), judged };
      return judged === 'known';
    },
  });
  const client = ssh.connection;
  // node-ssh takes its own listener off when it is connected; an error nobody hears ends the process.
  client?.on('error', () => {});
  const failed = await opening.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  if (failed === null && client) return { kind: 'open', client };
  client?.destroy();
  socket.destroy();
  const why = reason(target, known, failed ?? new Error('no connection'), attempt);
  return { kind: 'closed', why, again: attempt.presented === null && why.kind === 'unreachable' };
}

function reason(target: Target, known: KnownKeys, error: Error, attempt: Attempt): NoConnection {
  const { presented } = attempt;
  if (presented && presented.judged !== 'known') {
    const type = keyType(presented.key);
    if (presented.judged === 'unknown') return says.hostKeyUnknown(target, type, presented.key);
    if (presented.judged === 'revoked') return says.hostKeyRevoked(target, type, presented.key);
    return says.hostKeyChanged(target, type, presented.key);
  }
  if (/no matching host key/i.test(error.message)) return says.hostKeyTypeGone(target, known.types);
  if (/no matching/i.test(error.message)) return says.noCommonAlgorithm(target, error.message);
  if ('level' in error && error.level === 'client-authentication') return says.authFailed(target);
  if ('level' in error && error.level === 'client-timeout') return unfinished(target, attempt);
  return says.droppedEarly(target);
}

function unfinished(target: Target, attempt: Attempt): NoConnection {
  if (attempt.stage === 'tcp') return says.noAnswer(target);
  return attempt.heard() === 0 ? says.noBanner(target) : says.handshakeUnfinished(target);
}

function unreachable(target: Target, error: Error): NoConnection {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return says.refused(target);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return says.noSuchName(target);
  return says.noAnswer(target);
}

function signatures(types: readonly string[]): ServerHostKeyAlgorithm[] {
  return types.flatMap((type) =>
    type === 'ssh-rsa'
      ? (['rsa-sha2-512', 'rsa-sha2-256'] satisfies ServerHostKeyAlgorithm[])
      : [type as ServerHostKeyAlgorithm],
  );
}
