import type { ClientChannel } from 'ssh2';

/** What a command prints, and how it ends. */
export interface Capture {
  /** The channel closed; or the exit code is there and the output has been silent for a while. */
  readonly done: Promise<'done'>;
  /** Both null: the channel closed without saying how the command ended. */
  status(): { readonly code: number | null; readonly signal: string | null };
  /** What was kept. */
  output(): { readonly stdout: string; readonly stderr: string; readonly truncated: boolean };
  /** Nobody wants the rest. */
  drop(): void;
}

/** Kept of stdout, and of stderr: what comes after is read and thrown away, so that the command can go on. */
const OUTPUT_BYTES = 1024 * 1024;

export function startCapture(channel: ClientChannel, silenceMs: number): Capture {
  const stdout = createKeep();
  const stderr = createKeep();
  let code: number | null = null;
  let signal: string | null = null;
  let exited = false;
  let silence: NodeJS.Timeout | undefined;
  let finish: () => void = () => {};
  const done = new Promise<'done'>((resolve) => {
    finish = () => {
      clearTimeout(silence);
      resolve('done');
    };
  });
  const wait = (): void => {
    if (!exited) return;
    clearTimeout(silence);
    silence = setTimeout(() => {
      finish();
      channel.destroy();
    }, silenceMs);
  };
  channel.on('data', (chunk: Buffer) => {
    stdout.add(chunk);
    wait();
  });
  channel.stderr.on('data', (chunk: Buffer) => {
    stderr.add(chunk);
    wait();
  });
  channel.on('exit', (...how: readonly unknown[]) => {
    if (typeof how[0] === 'number') code = how[0];
    if (typeof how[1] === 'string') signal = how[1];
    exited = true;
    wait();
  });
  channel.on('error', () => {});
  channel.on('close', finish);
  return {
    done,
    status: () => ({ code, signal }),
    output: () => ({
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.truncated() || stderr.truncated(),
    }),
    drop: () => {
      clearTimeout(silence);
      channel.destroy();
    },
  };
}

function createKeep() {
  const chunks: Buffer[] = [];
  let kept = 0;
  let more = false;
  return {
    add: (chunk: Buffer): void => {
      const room = OUTPUT_BYTES - kept;
      if (chunk.length > room) more = true;
      if (room <= 0) return;
      chunks.push(chunk.subarray(0, room));
      kept += Math.min(room, chunk.length);
    },
    truncated: () => more,
    // Decoded as a whole: packets end in the middle of characters. `stream` leaves off a character cut by the cap.
    text: () => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(chunks), { stream: more }),
  };
}
