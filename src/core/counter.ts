import type { Reply } from './card.ts';
import { actor, createDecisions } from './decisions.ts';
import type { Desk, Said } from './desk.ts';
import { canUndo, drawCard, inversesOf } from './drawing.ts';
import type { Asking, Via } from './events.ts';
import { plainText } from './fields.ts';
import { readFreeze, writeFreeze } from './freeze.ts';
import { commandsFor, helpReply } from './help.ts';
import { historyReply, listReply, OPEN } from './listing.ts';
import { check, formOf, LONGEST_LINE, lineOf, parse } from './parse.ts';
import type { Person, Place } from './person.ts';
import { commandOf, ruleOfRequest, type Site } from './planner.ts';
import { mayAsk, strictest } from './policy.ts';
import type { Hints, Log } from './ports.ts';
import { Refused } from './refused.ts';
import { ENDED, type Status } from './request.ts';
import type { Requests } from './requests.ts';
import type { Store } from './store.ts';
import { VERBS, type VerbName } from './verbs.ts';

/** Where something was said, by whom. */
interface Origin {
  readonly who: Person;
  readonly place: Place;
  readonly origin: string;
}

/** Ends of an undo that has changed nothing. */
const CAME_TO_NOTHING: readonly Status[] = ['refused', 'denied', 'cancelled', 'expired'];

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
  const decisions = createDecisions({
    requests,
    ledger: store.ledger,
    // What this program no longer has a command for is for those who look after the program.
    deciders: (request) =>
      request.plan?.needs.roles ??
      (request.askings.every(({ command }) => site.registry.get(command))
        ? ruleOfRequest(site, request).approval.roles
        : deps.operators),
    now,
  });

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
    if (!allowed.ok) {
      await store.ledger.note('asking-refused', actor(from.who), { command: name });
      return reply({ tone: 'bad', title: allowed.says, lines: [allowed.next] });
    }
    const problems = check(command.params, given);
    if (Object.keys(problems).length > 0) {
      return { kind: 'form', form: formOf(name, command.summary, command.params, given, problems) };
    }
    return ask(from, [{ command: name, given }], plainText(lineOf(name, command.params, given)));
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
    const rule = strictest(askings.map((asking) => site.rule(commandOf(site, asking.command).name)));
    const allowed = mayAsk(from.who, `undo ${id}`, rule);
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

  async function cancel(who: Person, id: string, because: string, via: Via): Promise<Reply> {
    const said = await decisions.cancel(who, id, because, via);
    // Nobody waits behind a request that will not run.
    if ((await requests.load(id))?.status === 'cancelled') await store.locks.release(id);
    return said;
  }

  async function freeze(who: Person, because: string | null): Promise<Reply> {
    if (!deps.operators.some((role) => who.roles.has(role))) {
      await store.ledger.note('decision-refused', actor(who), { what: because === null ? 'thaw' : 'freeze' });
      return {
        tone: 'bad',
        title: `You may not ${because === null ? 'thaw' : 'freeze'}: that takes one of the ${deps.operators.join('s or ')}s.`,
        lines: [],
      };
    }
    const frozen = await readFreeze(store.notes);
    if (because === null && !frozen) return { tone: 'info', title: 'Nothing is frozen.', lines: [] };
    await writeFreeze(store, actor(who), because, now());
    // Everybody who waits is concerned, and those who decide first of all.
    const told =
      because === null ? `${who.name} thawed everything.` : `${who.name} froze everything: ${because}.`;
    deps.tell?.({
      tone: because === null ? 'good' : 'warn',
      title: told,
      lines: because === null ? ['Runs go on.'] : ['Every run stops at its next step; `thaw` lets it go on.'],
    });
    if (because !== null) {
      const before = frozen ? [`It was frozen already, by ${frozen.by}: ${frozen.because}.`] : [];
      return {
        tone: 'warn',
        title: `Frozen: ${because}.`,
        lines: [...before, 'Every run stops at its next step. People can still ask and approve.'],
        next: ['thaw'],
      };
    }
    const waiting = await store.requests.list({ status: ['approved', 'running'], limit: 200 });
    await Promise.all(
      waiting.map((one) => deps.hints.send({ kind: 'run', request: one.id, round: one.seq })),
    );
    return {
      tone: 'good',
      title: 'Thawed: runs go on.',
      lines: [
        waiting.length === 0
          ? 'None was waiting.'
          : `${waiting.length} ${waiting.length === 1 ? 'request was' : 'requests were'} waiting.`,
      ],
    };
  }

  async function list(who: Person, which: string): Promise<Reply> {
    const filter = { open: { status: OPEN }, mine: { asker: who.id }, all: {} }[which] ?? { status: OPEN };
    const listed = await store.requests.list({ ...filter, limit: 20 });
    const title =
      { open: 'Open requests', mine: 'Your requests', all: 'Latest requests' }[which] ?? 'Open requests';
    const frozen = await readFreeze(store.notes);
    const shown = listReply(title, listed, now());
    return frozen
      ? { ...shown, lines: [`Everything is frozen by ${frozen.by}: ${frozen.because}.`, ...shown.lines] }
      : shown;
  }

  /** A verb with its parameters read; `plan` is null where the person named none. */
  async function act(
    from: Origin,
    verb: VerbName,
    given: Readonly<Record<string, string>>,
    here: string | undefined,
  ): Promise<Said> {
    const { who } = from;
    const via = from.place.kind;
    if (verb === 'help') return reply(helpReply(who, given.topic, site));
    if (verb === 'requests') return reply(await list(who, given.which ?? 'open'));
    if (verb === 'freeze') return reply(await freeze(who, plainText(given.because ?? '')));
    if (verb === 'thaw') return reply(await freeze(who, null));
    // `42` is what people type for `r42`.
    const id = given.request?.toLowerCase().replace(/^(?=\d+$)/, 'r') ?? here;
    if (!id)
      return reply({
        tone: 'warn',
        title: `Which request? Say \`${verb} r42\`.`,
        lines: [],
        next: ['requests open'],
      });
    if (!(await requests.load(id))) return reply(noSuch(id));
    const plan = given.plan === undefined ? null : Number(given.plan);
    const because = plainText(given.because ?? '');
    switch (verb) {
      case 'show':
        return { kind: 'request', id, isNew: false, queued: true };
      case 'history':
        return reply(historyReply(id, await store.requests.events(id)));
      case 'approve':
        return { kind: 'decided', id, reply: await decisions.approve(who, id, plan, via) };
      case 'deny':
        return { kind: 'decided', id, reply: await decisions.deny(who, id, plan, because, via) };
      case 'cancel':
        return { kind: 'decided', id, reply: await cancel(who, id, because, via) };
      case 'resume':
        return { kind: 'decided', id, reply: await decisions.resume(who, id, via) };
      case 'resolve':
        return {
          kind: 'decided',
          id,
          reply: await decisions.resolve(who, id, given.outcome === 'done' ? 'done' : 'not-done', via),
        };
      case 'undo':
        return undo(from, id);
    }
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
    say: ({ who, text, place, origin, here }) =>
      guarded(origin, async () => {
        const from = { who, place, origin };
        const parsed = parse(text, site.registry);
        switch (parsed.kind) {
          case 'command':
            if (parsed.problems[''] !== undefined)
              return reply({
                tone: 'warn',
                title: parsed.problems[''],
                lines: [],
                next: [`help ${parsed.command.name}`],
              });
            return submit(from, parsed.command.name, parsed.given);
          case 'verb': {
            const { verb, given, problems } = parsed;
            const [wrong] = Object.entries(problems);
            if (!wrong) return act(from, verb.name, given, here);
            const needed = wrong[0] === 'because' ? 'a reason: because=…' : wrong[0];
            const says = wrong[1] === 'missing' ? `\`${verb.name}\` needs ${needed}.` : wrong[1];
            return reply({ tone: 'warn', title: says, lines: [], next: [verb.example] });
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
            if (parsed.begins.length > 0)
              return reply(helpReply(who, parsed.begins[0]?.name.split(' ')[0], site));
            return reply({
              tone: 'warn',
              title: `I do not know “${plainText(parsed.word).slice(0, 60)}”.`,
              lines: parsed.meant ? ['Did you mean this?'] : ['`help` shows what you can ask for.'],
              next: [parsed.meant ? plainText(parsed.meant) : 'help'],
            });
        }
      }),
    submit: ({ who, command, given, place, origin }) =>
      guarded(origin, () => submit({ who, place, origin }, command, given)),
    press: ({ who, verb, request, plan, because, place, origin }) =>
      guarded(origin, async () => {
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
      return request ? drawCard(request) : null;
    },
    form(name, given) {
      const command = site.registry.get(name);
      return command ? formOf(name, command.summary, command.params, given, {}) : null;
    },
    menu: (who) =>
      commandsFor(who, site).map(({ name, summary, examples }) => ({
        name,
        summary,
        example: examples[0] ?? name,
      })),
  };
}

function reply(said: Reply): Said {
  return { kind: 'reply', reply: said };
}

function noSuch(id: string): Reply {
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
