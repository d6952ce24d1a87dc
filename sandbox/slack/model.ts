/** A block or an element of one, already checked against the rules of `blocks.ts`. */
export type Block = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A JSON object as it came over the wire. */
export type Fields = Readonly<Record<string, unknown>>;

/** Somebody with an account. */
export interface User {
  readonly id: string;
  readonly team: string;
  readonly name: string;
  readonly realName: string;
  /** What they are in the story: shown beside the name, never sent as a right. */
  readonly title: string;
  readonly email: string;
  readonly tz: string;
  readonly isBot: boolean;
  /** A multi-channel guest. */
  readonly isRestricted: boolean;
  /** A single-channel guest. */
  readonly isUltraRestricted: boolean;
  readonly deleted: boolean;
}

/** A channel, or a direct message between one person and the bot. */
export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: 'channel' | 'im';
  readonly topic: string;
  /** Shared with another workspace. */
  readonly isShared: boolean;
  members: readonly string[];
}

/** A user group: `<!subteam^S0ADMINS>`. */
export interface Group {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly users: readonly string[];
}

/** A file in a message. */
export interface SharedFile {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly size: number;
  readonly mimetype: string;
}

/** A message that everybody in its channel sees. `ts` is its name within the channel. */
export interface Message {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly threadTs?: string | undefined;
  readonly metadata?: Fields | undefined;
  readonly files?: readonly SharedFile[] | undefined;
  /** Set by an edit without blocks, as the real service does. */
  readonly edited: boolean;
  /** Counts edits of any kind. */
  readonly revision: number;
  readonly reactions: readonly { readonly name: string; readonly users: readonly string[] }[];
}

/** A message that one person sees, until they reload. */
export interface Ephemeral {
  readonly ts: string;
  readonly channel: string;
  readonly to: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly threadTs?: string | undefined;
  /** `service`: from the chat service itself (`failed with the error "operation_timeout"`). */
  readonly from: 'bot' | 'service';
}

/** An open modal, or somebody's App Home. */
export interface View {
  readonly id: string;
  readonly user: string;
  readonly type: 'modal' | 'home';
  readonly hash: string;
  /** What the bot sent. */
  readonly body: Fields;
  readonly blocks: readonly Block[];
  /** The view under this one. */
  readonly previous: string | null;
  readonly root: string;
  /** Last answer to a submission: block id to what is wrong. */
  readonly errors: Readonly<Record<string, string>>;
}

/** Somebody's phone buzzed. Only new messages do that, edits never. */
export interface Ping {
  readonly user: string;
  readonly channel: string;
  readonly ts: string;
  readonly why: 'mention' | 'group' | 'channel' | 'dm';
}

/** One call of the Web API, as answered. */
export interface Call {
  readonly at: number;
  readonly method: string;
  /** Without the token. */
  readonly args: Fields;
  readonly status: number;
  readonly error: string | null;
}

/** A file of this shape is what survives a restart. */
export interface Saved {
  readonly messages: readonly Message[];
  readonly channels: readonly Channel[];
  readonly pings: readonly Ping[];
  readonly homes: readonly View[];
  /** In base64. */
  readonly files: readonly { readonly id: string; readonly name: string; readonly bytes: string }[];
  readonly secrets: { readonly signing: string; readonly bot: string; readonly app: string };
}
