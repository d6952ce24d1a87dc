import type { View } from './command.ts';
import type { NoticeTo } from './notice.ts';

/** What a watch sees. */
export interface WatchView extends View {
  /** The person of the config with this Koji user name; null: there is none, or none that can be told anything. */
  owner(kojiUser: string): Promise<string | null>;
}

/** Something that people should know in time, before anybody asks. Made into a message, once for each key. */
export interface Concern {
  /** What it is and how near: `1A:14`. Told once, for ever. */
  readonly key: string;
  /** Keys that are not worth a message any more once this one is told: `1A:30`. */
  readonly covers?: readonly string[];
  readonly to: NoticeTo;
  readonly title: string;
  readonly lines: readonly string[];
  /** Lines to say, as a person would type them. */
  readonly next?: readonly string[];
  /** Concerns that name the same, and are new on the same day, become one message to the first one's readers. */
  readonly together?: { readonly key: string; readonly title: string; readonly says: string };
}
