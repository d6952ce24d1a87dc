import type { z } from 'zod';
import type { Answer } from './answer.ts';
import type { Concern, WatchView } from './concern.ts';
import type { Finding } from './finding.ts';
import type { Json } from './json.ts';
import type { Person, Role } from './person.ts';
import type { HowFar, Intent, Plan, Step } from './plan.ts';
import type { HostReader, HostScript, HubReader, JobLogs } from './ports.ts';

/** `read` looks only; `low` can be undone and hurts one thing; `high` needs two people, neither of them the asker. */
export type Risk = 'read' | 'low' | 'high';

/**
 * The parameters of a command: a zod object whose fields all take a string (what a person types, a form sends or
 * a post holds) and give what the command works with. Requests store the strings, so that a form can be
 * filled with them again. Make the fields with `fields.ts`.
 */
export type Params = z.ZodObject<Readonly<Record<string, z.ZodType<unknown, string | undefined>>>>;

/** What a person gave: parameter name to text. */
export type Given = Readonly<Record<string, string>>;

/** Who has to say yes. The config may tighten this, never loosen it. */
export interface Approval {
  /** Any of these roles may approve. */
  readonly roles: readonly Role[];
  /** How many different people. 0 for a command that only reads. */
  readonly people: number;
  /** May the asker be one of them? Never for risk `high`. */
  readonly ownRequest: boolean;
  /** Hours after which a plan that nobody decided on expires; counted from the plan. */
  readonly expiresHours: number;
}

/** All that a command can see: reads, and nothing that changes anything. */
export interface View {
  readonly hub: HubReader;
  readonly hosts: HostReader;
  readonly jobLogs: JobLogs;
  readonly asker: Person;
  readonly now: Date;
  /** Ends every read when the request is cancelled or the process stops. */
  readonly signal: AbortSignal;
}

/**
 * The words of people who have never heard of the command, for posts in a forum. What is recognised is never acted on:
 * it is shown, with the line to say. Better silent than wrong: most posts are none of our business.
 */
export interface Recognition {
  /**
   * Each group has to be found by any of its words, all of them within a few sentences. Whole words or several in a row,
   * in small letters and without marks (`doesnt`); `build*` finds `builds` and `builders` too. Verbs as people ask
   * with them, so that `raised` tells of something that has been done.
   */
  readonly words: readonly (readonly string[])[];
  /** Words near those that show that something else is meant. */
  readonly unless?: readonly string[];
  /** Where a parameter stands in the text: the first group. Taken where all matches agree and the parameter's check says yes. */
  readonly given?: Readonly<Record<string, RegExp>>;
}

/** How a command reads what its job writes. Both are pure, and quick: the log may be long. */
export interface Progress {
  /** Adds new text of the log to what is known, null before the first. Whole lines only; small, because it is stored. */
  read(before: Json | null, text: string): Json;
  /** One line of what is known: `412 of 3,200 packages, about 40 min left`. `forMs`: since the job began. */
  says(known: Json, forMs: number): string;
}

/** Who may ask for a part of what a command does. */
export interface Narrower {
  readonly roles: readonly Role[];
  /** That part, as one would type it: `cert issue for=…`. */
  readonly what: string;
}

/** Whom an open request serves that asks for the very same. */
export type Joins = 'nobody' | 'asker' | 'everybody';

/** What the rest of the config says, as far as settings of a command name it. */
export interface Surroundings {
  readonly hosts: readonly string[];
  readonly audiences: readonly string[];
  /** That the bot's account is to have on the hub. */
  readonly permissions: readonly string[];
}

/** Something in a command's settings that is allowed and cannot be meant. */
export interface Oddity {
  /** Where, below the settings: `['places', 2, 'host']`. */
  readonly keys: readonly (string | number)[];
  readonly says: string;
}

/** What a command's author writes. `S` and `C` are its parameters and its own part of the config. */
export interface CommandDeclaration<S extends Params, C extends z.ZodType> {
  /** Words as typed: `builder capacity`. The folder has the same name with dashes. */
  readonly name: string;
  /** One sentence, an imperative: what it does, for help and forms. */
  readonly summary: string;
  readonly params: S;
  readonly risk: Risk;
  /** Any of these roles may ask. */
  readonly ask: readonly Role[];
  /** Fewer than `ask`, for what is asked with these parameters; null: no fewer. */
  readonly narrower?: (params: z.output<S>, who: Person) => Narrower | null;
  readonly approval?: Partial<Approval>;
  /**
   * How often one person may have it look within a minute: for what makes others' servers work. Not there: any number. What
   * is refused before a host was asked counts for nothing.
   */
  readonly perMinute?: number;
  /** Only a run of one of these scripts on a host counts. */
  readonly perMinuteOf?: readonly HostScript[];
  /**
   * Who asks for the very same while it waits or goes on is shown that request, wherever it was asked, and none is made:
   * who asked for it already (`asker`; so it is unless it only looks), or whoever asks (`everybody`: for what takes long and
   * is done anew each time).
   */
  readonly joins?: Joins;
  /** Koji's permission that the bot's account needs for its calls. Off where the config does not name it. */
  readonly hubPermission?: string;
  /** This command's own settings, at `commands.<name>.settings` in the config. */
  readonly settings?: C;
  /** Its settings stand at `shared.<this>` instead, for all commands that name it; they declare the same schema. */
  readonly shared?: string;
  /** Whole lines that work in the sandbox; the laws run over each. The first is the one help shows. */
  readonly examples: readonly [string, ...string[]];
  readonly recognise?: Recognition;
  /**
   * Names of what must not be changed by two requests at once: `host:builder2`, `ca`. `steps` are those that were
   * approved, for a command whose parameters are patterns; an undo of several has the others' steps among them.
   */
  readonly locks?: (params: z.output<S>, steps: readonly Step[]) => readonly string[];
  /** Looks, and says what it would do. May throw `Refused`. */
  readonly plan: (params: z.output<S>, view: View, settings: z.output<C>) => Promise<Plan | Answer>;
  /** For `once` steps: did it happen? Looks only. Without it the answer is `unknown`. */
  readonly happened?: (intent: Intent, view: View) => Promise<'done' | 'not-done' | 'unknown'>;
  /** For `wait` steps: how far is what these steps began? Looks only. May throw `Unavailable`: it is looked again. */
  readonly howFar?: (begun: readonly Intent[], view: View) => Promise<HowFar>;
  /** For `job` steps: what to show while they run. Without it only for how long. */
  readonly progress?: Progress;
  /**
   * What a finished request has to show: looked up in the world once nothing is left to do, so it is the same after
   * any crash. May throw `Unavailable`: the look is repeated, never the request.
   */
  readonly result?: (params: z.output<S>, view: View, settings: z.output<C>) => Promise<Answer>;
  /**
   * Looks once a day for what people should know in time. Looks only; nothing where its settings are not filled in. May
   * throw `Unavailable` and `Refused`: it is repeated, and the approvers are told when it fails for days.
   */
  readonly watch?: (view: WatchView, settings: z.output<C>) => Promise<readonly Concern[]>;
  /** What of its settings does not fit the rest of the config: `config check` warns of it. Pure. One command of those that share them. */
  readonly oddities?: (settings: z.output<C>, around: Surroundings) => readonly Oddity[];
  /**
   * For `steward doctor`: tries out what its settings name, before anybody asks. Looks only. May throw `Refused` and
   * `Unavailable`. One command of those that share them.
   */
  readonly examine?: (view: View, settings: z.output<C>) => Promise<readonly Finding[]>;
}

/** A command as the kernel holds it, its parameter types closed over. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly params: Params;
  readonly risk: Risk;
  readonly ask: readonly Role[];
  readonly approval: Approval;
  readonly perMinute: number | undefined;
  readonly perMinuteOf: readonly HostScript[] | undefined;
  readonly joins: Joins;
  readonly hubPermission: string | undefined;
  readonly settings: z.ZodType | undefined;
  readonly shared: string | undefined;
  readonly examples: readonly string[];
  readonly recognise: Recognition | undefined;
  /** Checks `given` again. */
  narrower(given: Given, who: Person): Narrower | null;
  /** Checks `given` again and names the locks. */
  locks(given: Given, steps?: readonly Step[]): readonly string[];
  /** Checks `given` and the settings, then plans. */
  plan(given: Given, view: View, settings: unknown): Promise<Plan | Answer>;
  happened(intent: Intent, view: View): Promise<'done' | 'not-done' | 'unknown'>;
  /** Null: nothing that it begins is waited for. */
  readonly howFar: ((begun: readonly Intent[], view: View) => Promise<HowFar>) | null;
  readonly progress: Progress | undefined;
  /** Null: it has nothing to show but that it is done. */
  readonly result: ((given: Given, view: View, settings: unknown) => Promise<Answer>) | null;
  /** Null: nobody has to know anything in time. */
  readonly watch: ((view: WatchView, settings: unknown) => Promise<readonly Concern[]>) | null;
  oddities(settings: unknown, around: Surroundings): readonly Oddity[];
  /** Null: its settings name nothing that could be tried out. */
  readonly examine: ((view: View, settings: unknown) => Promise<readonly Finding[]>) | null;
}

/** Closes over the types of a declaration and fills in what the risk implies. */
export function defineCommand<S extends Params, C extends z.ZodType = z.ZodUndefined>(
  declared: CommandDeclaration<S, C>,
): Command {
  const parse = (given: Given): z.output<S> => declared.params.parse(given);
  const own = (settings: unknown) => (declared.settings?.parse(settings) ?? undefined) as z.output<C>;
  const { result, watch, examine } = declared;
  return {
    name: declared.name,
    summary: declared.summary,
    params: declared.params,
    risk: declared.risk,
    ask: declared.ask,
    approval: { ...approvalOf(declared.risk), ...declared.approval },
    perMinute: declared.perMinute,
    perMinuteOf: declared.perMinuteOf,
    joins: declared.joins ?? (declared.risk === 'read' ? 'nobody' : 'asker'),
    hubPermission: declared.hubPermission,
    settings: declared.settings,
    shared: declared.shared,
    examples: declared.examples,
    recognise: declared.recognise,
    narrower: (given, who) => declared.narrower?.(parse(given), who) ?? null,
    locks: (given, steps = []) => declared.locks?.(parse(given), steps) ?? [],
    plan: async (given, view, settings) => declared.plan(parse(given), view, own(settings)),
    happened: async (intent, view) => declared.happened?.(intent, view) ?? 'unknown',
    howFar: declared.howFar ?? null,
    progress: declared.progress,
    result: result ? async (given, view, settings) => result(parse(given), view, own(settings)) : null,
    watch: watch ? async (view, settings) => watch(view, own(settings)) : null,
    oddities: (settings, around) => declared.oddities?.(own(settings), around) ?? [],
    examine: examine ? async (view, settings) => examine(view, own(settings)) : null,
  };
}

function approvalOf(risk: Risk): Approval {
  const people = { read: 0, low: 1, high: 2 }[risk];
  return { roles: ['admin'], people, ownRequest: false, expiresHours: 72 };
}
