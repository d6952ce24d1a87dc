import type { Card, Reply } from './card.ts';
import type { Form } from './form.ts';
import type { Person, Place } from './person.ts';

/** What comes of something that a person said or pressed. */
export type Said =
  /** A request was made, or this is the one made before from the same origin. It is shown by announcing. */
  | {
      readonly kind: 'request';
      readonly id: string;
      readonly isNew: boolean;
      readonly queued: boolean;
      /** It came from elsewhere: it was to be shown, or the same is asked for already. */
      readonly another?: true;
      /** Why none was made, for who asked, in a sentence or two. */
      readonly says?: string;
    }
  /** A decision or a change on a request was taken into the record. `reply` says so in one line. */
  | { readonly kind: 'decided'; readonly id: string; readonly reply: Reply }
  /** For the person only: help, a list, a refusal, a suggestion. */
  | {
      readonly kind: 'reply';
      readonly reply: Reply;
      /** Nobody else may read it, wherever it was asked: a code. */
      readonly secret?: true;
    }
  /** A parameter is missing or wrong. */
  | { readonly kind: 'form'; readonly form: Form };

/** What the words of a post seem to ask for. Shown to the one who wrote it, never acted on. */
export interface Recognised {
  /** Filled with what was understood; what is missing or wrong stands at its fields. */
  readonly form: Form;
  /** What to say for it, with `<host>` where something is missing. */
  readonly line: string;
}

/** The one counter that every front end brings things to. Nothing here throws for bad input: it answers. */
export interface Desk {
  /**
   * A line as typed. `here` is the request of the thread it was typed in, so that `approve` alone works there.
   * `origin` is unique for what came in; the same one again gives the same answer and makes nothing new. `among` are
   * requests of that place: an open one that asks for the very same is given back instead of a new one. `lead`: what
   * was said before the line, as it came, so that a yes that is quoted, or hangs on something, is none.
   */
  say(said: {
    readonly who: Person;
    readonly text: string;
    readonly lead?: string;
    readonly place: Place;
    readonly origin: string;
    readonly here?: string;
    readonly among?: readonly string[];
  }): Promise<Said>;
  /** A form as text, as `writeForm` makes it and somebody has filled it in; null where it is empty or not one of ours. */
  fill(filled: {
    readonly who: Person;
    readonly text: string;
    readonly place: Place;
    readonly origin: string;
    readonly among?: readonly string[];
  }): Promise<Said | null>;
  /** What words in a post seem to ask for, best first. Only what this person may ask for. */
  recognise(who: Person, text: string): readonly Recognised[];
  /** Ends a request that nobody has decided on, because what asked for it is no more. Says whether it did. */
  withdraw(request: string, because: string): Promise<boolean>;
  /** A filled form. */
  submit(form: {
    readonly who: Person;
    readonly command: string;
    readonly given: Readonly<Record<string, string>>;
    readonly place: Place;
    readonly origin: string;
  }): Promise<Said>;
  /** A button. `plan` is the number of the plan that the button was drawn for. */
  press(pressed: {
    readonly who: Person;
    readonly verb: string;
    readonly request: string;
    readonly plan: number;
    readonly because?: string;
    readonly place: Place;
    readonly origin: string;
  }): Promise<Said>;
  /** The request as it stands, for one who may see it; null for an unknown id. */
  card(request: string): Promise<Card | null>;
  /** The form of what a line asks for, filled as far as the line goes; null where it asks for nothing. Asks for nothing itself. */
  form(line: string): Form | null;
  /** What this person may ask for and do, for help and menus. */
  menu(who: Person): readonly { readonly name: string; readonly summary: string; readonly example: string }[];
}
