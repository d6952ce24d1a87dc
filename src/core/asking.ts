import { canUndo, inversesOf } from './actions.ts';
import type { Reply } from './card.ts';
import type { Command, Joins } from './command.ts';
import type { Said } from './desk.ts';
import type { Asking } from './events.ts';
import { formOf } from './form.ts';
import { createLocks } from './keyed-lock.ts';
import { lineOf } from './line.ts';
import { OPEN } from './listing.ts';
import { actor, type Person, type Place } from './person.ts';
import { plainText } from './plain-text.ts';
import type { Site } from './planner.ts';
import { isSame, mayAsk, ruleOfAsking, waitsFor } from './policy.ts';
import { check } from './problems.ts';
import { ENDED, type Request, type Status } from './request.ts';
import type { Requests } from './requests.ts';
import { ruleOfUndo } from './rights.ts';
import type { Ledger, RequestStore } from './store.ts';
import { standing } from './verdict.ts';

/** Where something was said, by whom. */
export interface Origin {
  readonly who: Person;
  readonly place: Place;
  readonly origin: string;
  /** Requests of that place: an open one that asks for the very same is not asked again. */
  readonly among?: readonly string[];
}

/** Open requests that are looked through for one that asks for the same. */
const MOST_OPEN = 500;
/** Ends of an undo that has changed nothing. */
const CAME_TO_NOTHING: readonly Status[] = ['refused', 'denied', 'cancelled', 'expired'];

/** Makes requests: of a command, and of taking back what another request changed. */
export function createAsking(deps: {
  readonly site: Site;
  readonly requests: Requests;
  readonly ledger: Ledger;
  readonly asked: Pick<RequestStore, 'askedSince' | 'list' | 'madeFrom'>;
  readonly now: () => Date;
}): {
  submit(from: Origin, name: string, given: Readonly<Record<string, string>>): Promise<Said>;
  undo(from: Origin, id: string): Promise<Said>;
} {
  const { site, requests, ledger, asked, now } = deps;

  const turns = createLocks();

  async function ask(from: Origin, askings: readonly Asking[], text: string, undoes?: string): Promise<Said> {
    const { id, isNew, queued } = await requests.create(from.origin, {
      type: 'asked',
      by: actor(from.who),
      data: { askings, text, place: from.place, ...(undoes ? { undoes } : {}) },
    });
    return { kind: 'request', id, isNew, queued };
  }

  async function submit(from: Origin, name: string, given: Readonly<Record<string, string>>): Promise<Said> {
    const command = site.registry.get(name);
    if (!command)
      return reply({
        tone: 'warn',
        title: `There is no command called “${plainText(name)}”.`,
        lines: [],
        next: ['help'],
      });
    const allowed = mayAsk(from.who, name, site.rule(name));
    if (!allowed.ok) return refused(from.who, name, allowed);
    const problems = check(command.params, given);
    if (Object.keys(problems).length > 0) {
      return { kind: 'form', form: formOf(name, command.summary, command.params, given, problems) };
    }
    const part = command.narrower(given, from.who);
    const mayThis = mayAsk(from.who, part?.what ?? name, ruleOfAsking(site.rule(name), part));
    if (!mayThis.ok) return refused(from.who, name, mayThis);
    const text = plainText(lineOf(name, command.params, given));
    const same = await openSame(from.among ?? [], text);
    if (same) return joined(same, from.who);
    const { joins } = command;
    const asking = () => askCounted(from, command, { command: name, given }, text);
    if (joins === 'nobody') return asking();
    // One after the other: of two at once neither would see the other. Of two processes each may make one.
    const whose = joins === 'asker' ? from.who.id : 'all';
    return turns.run(`same ${whose} ${text}`, async () => (await join(from, text, joins)) ?? asking());
  }

  async function askCounted(
    from: Origin,
    { name, perMinute }: Command,
    asking: Asking,
    text: string,
  ): Promise<Said> {
    if (perMinute === undefined) return ask(from, [asking], text);
    // Of many at once each would count none before it.
    return turns.run(`count ${from.who.id} ${name}`, async () =>
      (await isTooOften(from, name, perMinute))
        ? reply({
            tone: 'warn',
            title: `You had \`${name}\` look ${perMinute} times within a minute, so this one was not taken.`,
            lines: ['Each look makes other machines work. Ask again in a minute.'],
          })
        : ask(from, [asking], text),
    );
  }

  /** Counted in the record, so it holds for every process and survives them. */
  async function isTooOften({ who, origin }: Origin, command: string, perMinute: number): Promise<boolean> {
    const since = new Date(now().getTime() - 60_000);
    return (await asked.askedSince(who.id, command, since, origin)) >= perMinute;
  }

  async function refused(
    who: Person,
    command: string,
    no: { readonly says: string; readonly next: string },
  ): Promise<Said> {
    await ledger.note('asking-refused', actor(who), { command });
    return reply({ tone: 'bad', title: no.says, lines: [no.next] });
  }

  /** The one of these that asks for the very same and has not ended. */
  async function openSame(among: readonly string[], text: string): Promise<Request | null> {
    for (const id of among) {
      const request = await requests.load(id);
      if (request?.text === text && !ENDED.includes(request.status)) return request;
    }
    return null;
  }

  /** An open request for the very same, wherever it was asked; null: there is none. */
  async function join({ who, origin }: Origin, text: string, whose: Joins): Promise<Said | null> {
    const by = whose === 'asker' ? { asker: who.id } : {};
    const open = await asked.list({ status: OPEN, ...by, limit: MOST_OPEN });
    const same = await openSame(
      open.filter((one) => one.text === text).map((one) => one.id),
      text,
    );
    // What comes a second time is no other one.
    return same === null || (await asked.madeFrom(origin)) === same.id ? null : joined(same, who);
  }

  async function undo(from: Origin, id: string): Promise<Said> {
    const request = await requests.load(id);
    if (!request) return reply(noSuch(id));
    // An undo that came to nothing does not stand in the way of another.
    const earlier = request.undoneBy ? await requests.load(request.undoneBy) : null;
    const came = earlier !== null && !CAME_TO_NOTHING.includes(earlier.status);
    if (came || !canUndo({ ...request, undoneBy: null })) {
      const open = !ENDED.includes(request.status) || request.status === 'unknown';
      const nothing = open ? 'it has not ended yet' : 'it has changed nothing that can be changed back';
      return reply({
        tone: 'warn',
        title: `${id} cannot be undone: ${came ? `${earlier.id} undoes it already` : nothing}.`,
        lines: [],
        next: [`show ${came ? earlier.id : id}`],
      });
    }
    const askings = distinct(inversesOf(request).map(({ command, given }) => ({ command, given })));
    const allowed = mayAsk(from.who, `undo ${id}`, ruleOfUndo(site, request, from.who));
    if (!allowed.ok) return reply({ tone: 'bad', title: allowed.says, lines: [allowed.next] });
    const said = await ask(from, askings, `undo ${id}`, id);
    if (said.kind === 'request') {
      await requests.change(id, (target) => ({
        events:
          target.undoneBy === (earlier?.id ?? null)
            ? [{ type: 'undo-asked', by: actor(from.who), data: { request: said.id } }]
            : [],
        result: undefined,
      }));
    }
    return said;
  }

  return { submit, undo };
}

/** The answer to who asks for what is asked for already. */
function joined(request: Request, who: Person): Said {
  const { id, plan, asker } = request;
  const isOwn = isSame(who, asker);
  const waits = request.status === 'planned' && plan && !plan.tooLong;
  const stands = waits ? `it waits for the yes of ${waitsFor(request, plan.needs)}` : standing(request);
  const says = `${isOwn ? 'You' : asker.name} asked for this already, as ${id}: ${stands}.${isOwn && waits ? ` To have it looked at anew, say \`cancel ${id}\` first.` : ''}`;
  return { kind: 'request', id, isNew: false, queued: true, another: true, says };
}

/** For the person only. */
export function reply(said: Reply): Said {
  return { kind: 'reply', reply: said };
}

export function noSuch(id: string): Reply {
  return {
    tone: 'warn',
    title: `There is no request ${plainText(id).slice(0, 40)}.`,
    lines: [],
    next: ['requests all'],
  };
}

function distinct(askings: readonly Asking[]): readonly Asking[] {
  const seen = new Set<string>();
  return askings.filter((asking) => {
    const key = JSON.stringify(asking);
    return !seen.has(key) && seen.add(key);
  });
}
