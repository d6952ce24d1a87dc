/**
 * Where a process can be killed: around each event of a request (its record), and around the call that
 * carries a step out. `in call`: it was carried out, and its answer is not read yet.
 */
export type Point =
  | `${'before' | 'after'} ${'asked' | 'planned' | 'approved' | 'started' | 'step-started' | 'step-done' | 'succeeded'}`
  | 'after lock'
  | 'in call'
  | 'after call'
  // Of a request with several steps, around each:
  | `${'before' | 'after'} ${'step-started' | 'step-done'} ${Part}`
  | `${'in' | 'after'} call ${Part}`
  // What it started was seen to go on; it was seen to have ended, and that is not noted yet.
  | 'while it runs'
  | 'after it ended';

/** The steps of a request that adds a repository; the hub gets `create` and the tag's link in one call. */
export type Part = 'entry' | 'sync' | 'create' | 'newrepo' | 'ready' | 'announce';

/** Every boundary from planning to the end. */
export const POINTS: readonly Point[] = [
  'after asked',
  'before planned',
  'after planned',
  'before approved',
  'after approved',
  'after lock',
  'before started',
  'after started',
  'before step-started',
  'after step-started',
  'in call',
  'after call',
  'after step-done',
  'before succeeded',
  'after succeeded',
];

/** One request of a life. Its hosts are `<key>-1` and `<key>-2`. */
export interface Asking {
  readonly key: string;
  readonly text: string;
  /** Where this life is to stop at it; null: it goes on to its end. */
  readonly at: Point | null;
  /** Said once when it has failed: `resume`. */
  readonly resumes?: boolean;
}

/** What a life needs to know; goes to the process as JSON. */
export interface Setup {
  readonly databaseUrl: string | null;
  readonly dir: string;
  readonly redisUrl: string | null;
  readonly hub: { readonly url: string; readonly ca: string; readonly cert: string; readonly key: string };
  readonly hosts: {
    readonly list: readonly {
      readonly name: string;
      readonly address: string;
      readonly port: number;
      readonly user: string;
    }[];
    readonly privateKey: string;
    readonly knownHosts: string;
    readonly scriptsDir: string;
    /** The private root directory of each is below this. */
    readonly dir: string;
  };
  readonly leaseMs: number;
  /** Settings of commands, by name. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** One asking after the other: what they change they hold one lock for. */
  readonly inTurn?: boolean;
  readonly askings: readonly Asking[];
}

/** What a life says to the test. */
export type Told =
  | { readonly kind: 'so-far'; readonly text: string }
  | { readonly kind: 'in-call-next' } // all others are where they should be; the hub may become slow now
  | { readonly kind: 'at-the-points'; readonly points: Readonly<Record<string, string>> }
  | { readonly kind: 'ended'; readonly statuses: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong'; readonly says: string };
