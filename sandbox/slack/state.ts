import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Call, Channel, Ephemeral, Group, Message, Ping, Saved, User, View } from './model.ts';
import { BOT_USER, directMessageOf, makeChannels, makeGroups, makeUsers } from './people.ts';

/** A file on its way: announced, and then with its bytes. */
interface Upload {
  readonly id: string;
  readonly name: string;
  readonly length: number;
  readonly bytes: Buffer | null;
}

/** All that the pretend service knows. Lists are replaced or pushed to, then `changed` is called. */
export interface State {
  readonly team: string;
  readonly users: readonly User[];
  groups: readonly Group[];
  readonly secrets: Saved['secrets'];
  channels: Channel[];
  messages: Message[];
  ephemerals: Ephemeral[];
  views: View[];
  homes: View[];
  pings: Ping[];
  calls: Call[];
  /** By the secret of their address; what is not completed is seen by nobody. */
  readonly uploads: Map<string, Upload>;
  readonly files: Map<string, { readonly name: string; readonly bytes: Buffer }>;
  /** A new message id, later than every one before. */
  nextTs(): string;
  user(id: string): User | undefined;
  channel(id: string): Channel | undefined;
  message(channel: string, ts: string): Message | undefined;
  /** The direct message with a person; made when it is not there. */
  directMessage(user: string): Channel;
  changed(): void;
  /** Calls back after every change, until the returned function is called. */
  onChange(listener: () => void): () => void;
  /** Writes what has to survive, at once. */
  save(): void;
}

const savedSchema = z.object({
  messages: z.array(z.custom<Message>((value) => messageShape.safeParse(value).success)),
  channels: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      kind: z.enum(['channel', 'im']),
      topic: z.string(),
      isShared: z.boolean(),
      members: z.array(z.string()),
    }),
  ),
  pings: z.array(
    z.object({
      user: z.string(),
      channel: z.string(),
      ts: z.string(),
      why: z.enum(['mention', 'group', 'channel', 'dm']),
    }),
  ),
  homes: z.array(
    z.custom<View>((value) => z.looseObject({ id: z.string(), user: z.string() }).safeParse(value).success),
  ),
  files: z.array(z.object({ id: z.string(), name: z.string(), bytes: z.string() })).default([]),
  secrets: z.object({ signing: z.string(), bot: z.string(), app: z.string() }),
});
const messageShape = z.looseObject({
  channel: z.string(),
  ts: z.string(),
  user: z.string(),
  text: z.string(),
});

/** Calls that are remembered. */
const CALLS = 5000;
const SAVE_MS = 200;
/** Longer files do not survive a restart. */
const SAVED_BYTES = 1_000_000;

/** Starts from `statePath` when there is such a file, else from the beginning of the story. */
export function createState(team: string, statePath: string | undefined, now: () => number): State {
  const saved = statePath === undefined ? null : load(statePath);
  const listeners = new Set<() => void>();
  const users = makeUsers(team);
  let lastMicros = Math.max(0, ...(saved?.messages ?? []).map((message) => Number(message.ts) * 1e6));
  let timer: NodeJS.Timeout | undefined;

  const state: State = {
    team,
    users,
    groups: makeGroups(),
    secrets: saved?.secrets ?? {
      signing: randomBytes(16).toString('hex'),
      bot: `xoxb-sandbox-${randomBytes(12).toString('hex')}`,
      app: `xapp-sandbox-${randomBytes(12).toString('hex')}`,
    },
    channels: [...(saved?.channels ?? makeChannels())],
    messages: [...(saved?.messages ?? [])],
    ephemerals: [],
    views: [],
    homes: [...(saved?.homes ?? [])],
    pings: [...(saved?.pings ?? [])],
    calls: [],
    uploads: new Map(),
    files: new Map(
      (saved?.files ?? []).map(({ id, name, bytes }) => [id, { name, bytes: Buffer.from(bytes, 'base64') }]),
    ),
    nextTs() {
      lastMicros = Math.max(lastMicros + 1, now() * 1000);
      return `${Math.floor(lastMicros / 1e6)}.${String(Math.floor(lastMicros % 1e6)).padStart(6, '0')}`;
    },
    user: (id) => users.find((user) => user.id === id),
    channel: (id) => state.channels.find((channel) => channel.id === id),
    message: (channel, ts) =>
      state.messages.find((message) => message.channel === channel && message.ts === ts),
    directMessage(user) {
      const id = directMessageOf(user);
      const there = state.channel(id);
      if (there !== undefined) return there;
      const made: Channel = {
        id,
        name: 'steward',
        kind: 'im',
        topic: '',
        isShared: false,
        members: [user, BOT_USER],
      };
      state.channels.push(made);
      return made;
    },
    changed() {
      if (state.calls.length > CALLS) state.calls = state.calls.slice(-CALLS / 2);
      for (const listener of listeners) listener();
      if (statePath === undefined || timer !== undefined) return;
      timer = setTimeout(() => state.save(), SAVE_MS);
      timer.unref();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    save() {
      clearTimeout(timer);
      timer = undefined;
      if (statePath === undefined) return;
      const { messages, channels, pings, homes, secrets } = state;
      const files = [...state.files]
        .filter(([, { bytes }]) => bytes.length <= SAVED_BYTES)
        .map(([id, { name, bytes }]) => ({ id, name, bytes: bytes.toString('base64') }));
      mkdirSync(dirname(statePath), { recursive: true });
      // Renamed into place, so that a kill in the middle leaves the old file whole.
      writeFileSync(
        `${statePath}.new`,
        JSON.stringify({ messages, channels, pings, homes, files, secrets } satisfies Saved),
        { mode: 0o600 },
      );
      renameSync(`${statePath}.new`, statePath);
    },
  };
  return state;
}

function load(path: string): Saved | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  return savedSchema.parse(JSON.parse(text));
}
