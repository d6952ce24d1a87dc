import type { Client, ClientChannel } from 'ssh2';
import type { HostOutcome, Log } from '../core/ports.ts';
import { type Capture, startCapture } from './capture.ts';
import { type Dialling, dial, type NoConnection } from './dial.ts';
import type { KnownKeys } from './known-hosts.ts';
import type { Limit } from './limit.ts';
import { says } from './says.ts';
import { createSlots } from './slots.ts';
import type { Target } from './target.ts';

/** How a command over a link ended. `started` false: the host has not run a byte of it. */
export interface Ran {
  readonly started: boolean;
  readonly outcome: HostOutcome;
}

/** The one kept connection of one host. */
export interface Link {
  /** Runs a command; `input` goes to its stdin once the host has accepted the command. Never rejects. */
  exec(command: string, input: string, limit: Limit, deadlineMs: number): Promise<Ran>;
  close(): Promise<void>;
}

interface Live {
  readonly client: Client;
  /** Resolves when the connection is gone, however it went. */
  readonly gone: Promise<'gone'>;
  /** Called then: those who wait for something else meanwhile. */
  readonly waiting: Set<() => void>;
  isGone: boolean;
  running: number;
  /** A command here was given up on. Its slot on the server may be taken for ever, so nothing new starts here. */
  spent: boolean;
}

/** Channels at once on a connection: sshd allows 10 by default. */
const CHANNELS = 8;
const CONNECT_MS = 10_000;
/** Tries for one command; a server that allows fewer channels than we think needs a few. */
const MOST_ROUNDS = 10;
/** After the exit code: a process left behind can hold the output open for ever. */
const SILENCE_MS = 500;

export function createLink(target: Target, privateKey: string, known: KnownKeys, log: Log): Link {
  const slots = createSlots(CHANNELS);
  const lives = new Set<Live>();
  let current: Live | null = null;
  let dialling: Dialling | null = null;
  let closed = false;

  function keep(client: Client): Live {
    const gone = new Promise<'gone'>((resolve) => {
      client.once('close', () => resolve('gone'));
    });
    const live: Live = { client, gone, waiting: new Set(), isGone: false, running: 0, spent: false };
    lives.add(live);
    void gone.then(() => {
      live.isGone = true;
      for (const tell of live.waiting) tell();
      lives.delete(live);
      if (current === live) current = null;
    });
    return live;
  }

  function leave(live: Live): void {
    live.running--;
    if (live.spent && live.running === 0) live.client.destroy();
  }

  function retire(live: Live): void {
    if (current === live) current = null;
    live.spent = true;
    if (live.running === 0) live.client.destroy();
  }

  /** One attempt, shared by all who want the connection now. */
  function attempt(): Dialling {
    if (dialling) return dialling;
    const started = dial(target, privateKey, known, CONNECT_MS);
    dialling = started;
    void started.done.then((dialled) => {
      dialling = null;
      if (dialled.kind === 'open') {
        if (closed) dialled.client.destroy();
        else current = keep(dialled.client);
      } else log.warn('no connection to host', { host: target.name, why: dialled.why.kind });
    });
    return started;
  }

  async function live(limit: Limit): Promise<Live | NoConnection> {
    for (let round = 0; ; round++) {
      if (closed) return says.noChannel(target);
      if (current && !current.spent) return current;
      const trying = attempt();
      const dialled = await limit.race(trying.done);
      if (dialled === 'late' || dialled === 'aborted') return trying.soFar();
      if (dialled.kind === 'open') continue;
      if (!dialled.again || round >= 3) return dialled.why;
      await limit.pause(jitter(round));
      if (limit.over()) return dialled.why;
    }
  }

  async function exec(command: string, input: string, limit: Limit, deadlineMs: number): Promise<Ran> {
    const slot = await limit.race(slots.take(limit));
    if (slot === 'late' || slot === 'aborted') return { started: false, outcome: says.busy(target) };
    try {
      for (let round = 0; ; round++) {
        const on = await live(limit);
        if ('kind' in on) return { started: false, outcome: on };
        const opened = await open(on, command, limit);
        if (typeof opened !== 'string') return await attend(on, opened, input, limit, deadlineMs);
        if (opened === 'frozen' || opened === 'full') retire(on);
        if (opened === 'no-exec') return { started: false, outcome: says.noExec(target) };
        if (opened === 'frozen' || round >= MOST_ROUNDS)
          return { started: false, outcome: says.noChannel(target) };
        if (opened === 'full') await limit.pause(jitter(round));
        if (limit.over()) return { started: false, outcome: says.noChannel(target) };
      }
    } finally {
      slot();
    }
  }

  /** Opens a channel with the command. Nothing of it has been acted on until its stdin is written. */
  async function open(
    on: Live,
    command: string,
    limit: Limit,
  ): Promise<ClientChannel | 'gone' | 'full' | 'frozen' | 'no-exec'> {
    on.running++;
    let late: 'wanted' | 'given-up' = 'wanted';
    const opening = new Promise<ClientChannel | 'gone' | 'full' | 'no-exec'>((resolve) => {
      try {
        on.client.exec(command, (error, channel) => {
          if (late === 'given-up') channel?.destroy();
          else if (!error) resolve(channel);
          else if (/open failure/i.test(error.message)) resolve('full');
          else resolve(/unable to exec/i.test(error.message) ? 'no-exec' : 'gone');
        });
      } catch {
        resolve('gone');
      }
    });
    const opened = await limit.race(orGone(on, opening));
    if (typeof opened === 'object') return opened;
    late = 'given-up';
    leave(on);
    return opened === 'late' || opened === 'aborted' ? 'frozen' : opened;
  }

  async function attend(
    on: Live,
    channel: ClientChannel,
    input: string,
    limit: Limit,
    deadlineMs: number,
  ): Promise<Ran> {
    const capture = startCapture(channel, SILENCE_MS);
    channel.end(input);
    const ended = await limit.race(orGone(on, capture.done));
    if (ended === 'late' || ended === 'aborted') {
      capture.drop();
      retire(on);
      leave(on);
      const outcome = ended === 'late' ? says.timeout(target, deadlineMs) : says.stopped(target);
      return { started: true, outcome };
    }
    leave(on);
    return { started: true, outcome: outcomeOf(capture, ended === 'gone') };
  }

  function outcomeOf(capture: Capture, cut: boolean): HostOutcome {
    const { code, signal } = capture.status();
    const { stdout, stderr, truncated } = capture.output();
    if (code !== null) return { kind: 'exit', code, stdout, stderr, truncated: truncated || cut };
    return signal === null ? says.lost(target) : says.signalled(target, signal);
  }

  return {
    exec,
    close: async () => {
      closed = true;
      await dialling?.done;
      const open = [...lives];
      for (const one of open) one.client.end();
      const timer = setTimeout(() => {
        for (const one of open) one.client.destroy();
      }, 300);
      await Promise.all(open.map((one) => one.gone));
      clearTimeout(timer);
    },
  };
}

/**
 * The promise, which does not reject, or the end of the connection. No `Promise.race` with `gone`: that keeps what each
 * race came to, a channel and its output, for as long as the connection lives.
 */
function orGone<T>({ isGone, waiting }: Live, promise: Promise<T>): Promise<T | 'gone'> {
  if (isGone) return Promise.resolve('gone');
  return new Promise((resolve) => {
    const tell = (): void => resolve('gone');
    waiting.add(tell);
    void promise.then((value) => {
      waiting.delete(tell);
      resolve(value);
    });
  });
}

function jitter(round: number): number {
  return (50 + Math.random() * 150) * 2 ** Math.min(round, 4);
}
