import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';

/** One pretend host's SSH server. */
export interface HostServer {
  readonly port: number;
  /** Connections accepted, commands run and bytes that went either way since the start. */
  counts(): { readonly connections: number; readonly commands: number; readonly bytes: number };
  /** `frozen`: accepts and says nothing, and what is open says nothing more. `down`: nothing listens. */
  behave(how: 'well' | 'frozen' | 'down'): Promise<void>;
  useHostKey(pem: string): void;
  /** Breaks every connection, without a word. */
  cut(): void;
  close(): Promise<void>;
}

export interface HostServerOptions {
  readonly hostKey: string;
  readonly clientKey: string;
  readonly user: string;
  /** Wanted port, or 0. Taken by something else: another one. */
  readonly port: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What sshd allows by default. */
const MOST_SESSIONS = 10;

export async function startHostServer(options: HostServerOptions): Promise<HostServer> {
  const client = parse(options.clientKey);
  const sockets = new Set<Socket>();
  const groups = new Set<number>();
  let ssh = speak(options.hostKey);
  let mode: 'well' | 'frozen' | 'down' = 'well';
  let connections = 0;
  let commands = 0;
  /** Of connections that are closed. */
  let carried = 0;

  function speak(hostKey: string): InstanceType<typeof ssh2.Server> {
    const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => serve(connection));
    server.on('error', () => {});
    return server;
  }

  function serve(connection: Connection): void {
    let sessions = 0;
    connection.on('error', () => {});
    connection.on('authentication', (attempt) => {
      const known =
        attempt.method === 'publickey' &&
        attempt.username === options.user &&
        attempt.key.data.equals(client.getPublicSSH()) &&
        (attempt.signature === undefined ||
          (attempt.blob !== undefined &&
            client.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true));
      if (known) attempt.accept();
      else attempt.reject(['publickey']);
    });
    connection.on('session', (accept, reject) => {
      if (sessions >= MOST_SESSIONS) {
        reject();
        return;
      }
      sessions++;
      let over = false;
      const free = (): void => {
        if (!over) sessions--;
        over = true;
      };
      const session = accept();
      let begun = false;
      session.on('exec', (take, _refuse, info) => {
        begun = true;
        run(info.command, take(), free);
      });
      session.on('close', () => {
        if (!begun) free();
      });
    });
  }

  function run(command: string, channel: ServerChannel, free: () => void): void {
    commands++;
    const child = spawn('bash', ['-c', command], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: 'pipe',
    });
    const group = child.pid;
    if (group !== undefined) groups.add(group);
    connect(child, channel);
    child.on('error', () => channel.close());
    child.on('exit', (code, signal) => {
      free();
      if (group !== undefined && !alive(group)) groups.delete(group);
      if (signal) channel.exit(signal.replace('SIG', ''));
      else channel.exit(code ?? 1);
    });
    // Like sshd: the channel closes when nobody holds the output open any more.
    child.on('close', () => channel.close());
  }

  const listener = createServer({ noDelay: true }, (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      carried += bytesOf(socket);
    });
    if (mode === 'well') ssh.injectSocket(socket);
  });
  const port = await listen(listener, options.port).catch(() => listen(listener, 0));

  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  return {
    port,
    counts: () => ({
      connections,
      commands,
      bytes: [...sockets].reduce((sum, socket) => sum + bytesOf(socket), carried),
    }),
    useHostKey: (pem) => {
      ssh = speak(pem);
      cut();
    },
    behave: async (how) => {
      const before = mode;
      mode = how;
      if (how === 'frozen') for (const socket of sockets) socket.pause();
      if (before === 'frozen' && how === 'well') cut();
      if (how === 'down' && before !== 'down') {
        cut();
        await new Promise((resolve) => listener.close(resolve));
      }
      if (before === 'down' && how !== 'down') await listen(listener, port);
    },
    cut,
    close: async () => {
      cut();
      for (const group of groups) kill(group);
      if (listener.listening) await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function bytesOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten;
}

function connect(child: ChildProcess, channel: ServerChannel): void {
  child.stdin?.on('error', () => {});
  channel.on('error', () => {});
  if (child.stdin) channel.pipe(child.stdin);
  child.stdout?.pipe(channel, { end: false });
  child.stderr?.pipe(channel.stderr, { end: false });
  // A process ends when its output has no reader, as a real one would find at its next write.
  channel.on('close', () => {
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
}

function listen(server: NetServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function parse(pem: string) {
  const key = ssh2.utils.parseKey(pem);
  if (key instanceof Error) throw key;
  return key;
}

function alive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
