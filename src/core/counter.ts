import { createActing } from './acting.ts';
import { createAsking, type Origin, reply } from './asking.ts';
import type { Reply } from './card.ts';
import type { Command, Given } from './command.ts';
import type { Desk, Said } from './desk.ts';
import { drawCard } from './drawing.ts';
import { STEWARD } from './events.ts';
import { formOf } from './form.ts';
import { readForm } from './form-text.ts';
import { createGuessing, hangsOn, lackOf } from './guessing.ts';
import { commandsFor, helpReply } from './help.ts';
import { progressOf, wordsOf } from './job-progress.ts';
import { openJob, readState } from './job-state.ts';
import { LONGEST_LINE, parse } from './parse.ts';
import { riskOfRequest, type Site } from './planner.ts';
import { askerOf } from './planning.ts';
import type { Hints, Log } from './ports.ts';
import type { Problems } from './problems.ts';
import { recognise } from './recognise.ts';
import { Refused } from './refused.ts';
import type { Requests } from './requests.ts';
import { siteRolesOf } from './rights.ts';
import type { Store } from './store.ts';
import { VERBS } from './verbs.ts';

/** The parameter of a command that is about a request. */
const REQUEST = 'request';

type Read = Extract<ReturnType<typeof parse>, { kind: 'command' }>;

/** In a thread it is about the request of that thread, where it names no other. */
function inThread(read: Read, here: string | undefined): Read {
  const { command, given, problems } = read;
  if (here === undefined || problems[REQUEST] !== 'missing' || !(REQUEST in command.params.shape))
    return read;
  const { [REQUEST]: _, ...left } = problems;
  return { ...read, given: { ...given, [REQUEST]: here }, problems: left };
}

/** Builds the desk: the one place where what people say turns into requests and decisions. */
export function createDesk(deps: {
  readonly site: Site;
  readonly requests: Requests;
  readonly store: Store;
  readonly hints: Hints;
  /** Roles that may freeze and thaw. */
  readonly operators: readonly string[];
  /** Tells those who decide, where they look; must not throw. */
  readonly tell?: (said: Reply) => void;
  readonly now: () => Date;
  readonly log: Log;
}): Desk {
  const { site, requests, store, now, log } = deps;
  const { submit, undo } = createAsking({
    site,
    requests,
    ledger: store.ledger,
    asked: store.requests,
    now,
  });
  const act = createActing({ ...deps, undo });
  const guessing = createGuessing(site);

  /** What a line or a form asks for, where it can be told. */
  async function take(
    from: Origin,
    read: { readonly command: Command; readonly given: Given; readonly problems: Problems },
  ): Promise<Said> {
    const { command, given, problems } = read;
    const wrong = problems[''];
    if (wrong === undefined) return submit(from, command.name, given);
    return reply({ tone: 'warn', title: wrong, lines: [], next: [`help ${command.name}`] });
  }

  /** Bad input is answered, and a bug of ours is a reference, never a stack. */
  async function guarded(origin: string, work: () => Promise<Said>): Promise<Said> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused)
        return reply({ tone: 'warn', title: error.message, lines: error.next ? [error.next] : [] });
      log.error('the desk failed', { origin, error });
      throw error;
    }
  }

  return {
    say: ({ who, text, lead = '', place, origin, here, among = [] }) =>
      guarded(origin, async () => {
        const from = { who, place, origin, among };
        const parsed = parse(text, site.registry);
        switch (parsed.kind) {
          case 'command':
            return take(from, inThread(parsed, here));
          case 'verb': {
            const lack = lackOf(parsed, here) ?? hangsOn(parsed.verb, lead);
            return lack ? reply(lack) : act(from, parsed.verb.name, parsed.given, here);
          }
          case 'empty':
            return reply(helpReply(who, undefined, site));
          case 'too-long':
            return reply({
              tone: 'warn',
              title: `That is ${parsed.length} characters; I read at most ${LONGEST_LINE}. Nothing was done.`,
              lines: [],
            });
          case 'unclear':
            if (parsed.begins.length > 0 && parsed.meant === null)
              return reply(helpReply(who, parsed.begins[0]?.name.split(' ')[0], site));
            return guessing.unclear(who, parsed, text, here);
        }
      }),
    submit: ({ who, command, given, place, origin }) =>
      guarded(origin, () => submit({ who, place, origin }, command, given)),
    async fill({ who, text, place, origin, among = [] }) {
      const form = readForm(text, site.registry);
      if (form === null) return null;
      return guarded(origin, async () =>
        form.kind === 'form'
          ? take({ who, place, origin, among }, form)
          : guessing.unknown(
              `A form asks for a command, and “${form.word}” is none.`,
              form.meant === null ? [] : [form.meant],
            ),
      );
    },
    recognise: (who, text) => recognise(text, commandsFor(who, site)),
    async withdraw(id, because) {
      const { result } = await requests.change(id, (request) => {
        const open = request.status === 'asked' || request.status === 'planned';
        const event = { type: 'cancelled', by: STEWARD, data: { because, via: request.place.kind } } as const;
        return { events: open ? [event] : [], result: open };
      });
      if (result) await store.locks.release(id);
      return result;
    },
    press: ({ who, verb, request, plan, because, place, origin }) =>
      guarded(origin, async () => {
        // A command about a request, as a button of that request.
        const command = site.registry.get(verb);
        if (command && REQUEST in command.params.shape)
          return submit({ who, place, origin }, command.name, { request });
        const resolved = /^resolve-(done|not-done)$/.exec(verb)?.[1];
        const name = resolved ? 'resolve' : VERBS.find((one) => one.name === verb)?.name;
        if (!name)
          return reply({
            tone: 'warn',
            title: 'That button is from an older Steward.',
            lines: [],
            next: [`show ${request}`],
          });
        const given: Record<string, string> = { request, plan: String(plan) };
        if (because) given.because = because;
        if (resolved) given.outcome = resolved;
        return act({ who, place, origin }, name, given, undefined);
      }),
    async card(id) {
      const request = await requests.load(id);
      if (!request) return null;
      const job = openJob(request);
      const newest =
        job && wordsOf(await readState(store.notes, job.run), progressOf(request, site.registry), log);
      const roles = siteRolesOf(site, request, askerOf(request, site), deps.operators);
      return drawCard(request, riskOfRequest(site, request), newest || null, roles, site.web);
    },
    form(line) {
      const parsed = parse(line, site.registry);
      if (parsed.kind !== 'command') return null;
      const { command, given, problems } = parsed;
      return formOf(command.name, command.summary, command.params, given, problems);
    },
    menu: (who) =>
      commandsFor(who, site).map(({ name, summary, examples }) => ({
        name,
        summary,
        example: examples[0] ?? name,
      })),
  };
}
