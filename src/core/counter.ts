import { createAsking, noSuch, type Origin, reply } from './asking.ts';
import type { Reply } from './card.ts';
import type { Command, Given } from './command.ts';
import { createDecisions } from './decisions.ts';
import type { Desk, Said } from './desk.ts';
import { drawCard } from './drawing.ts';
import { STEWARD, type Via } from './events.ts';
import { isOptional, metaOf, plainText } from './fields.ts';
import { readForm } from './form-text.ts';
import { readFreeze } from './freeze.ts';
import { createFreezing } from './freezing.ts';
import { commandsFor, helpReply } from './help.ts';
import { progressOf, wordsOf } from './job-progress.ts';
import { openJob, readState } from './job-state.ts';
import { createLinking } from './linking.ts';
import { historyReply, listReply, OPEN } from './listing.ts';
import { formOf, LONGEST_LINE, lineOf, type Parsed, type Problems, parse } from './parse.ts';
import type { Person } from './person.ts';
import { approvingRoles, riskOfRequest, ruleOfRequest, type Site } from './planner.ts';
import type { Hints, Log } from './ports.ts';
import { about, recognise } from './recognise.ts';
import { Refused } from './refused.ts';
import type { Requests } from './requests.ts';
import type { Store } from './store.ts';
import { saidOf } from './talk.ts';
import { VERBS, type VerbName } from './verbs.ts';

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
    riskOf: (request) => riskOfRequest(site, request),
    now,
  });

  const { submit, undo } = createAsking({
    site,
    requests,
    ledger: store.ledger,
    asked: store.requests,
    now,
  });
  const freeze = createFreezing(deps);
  const linking = createLinking({
    links: store.links,
    ledger: store.ledger,
    approving: () => approvingRoles(site, deps.operators),
    now,
  });

  async function cancel(who: Person, id: string, because: string, via: Via): Promise<Reply> {
    const said = await decisions.cancel(who, id, because, via);
    // Nobody waits behind a request that will not run.
    if ((await requests.load(id))?.status === 'cancelled') await store.locks.release(id);
    return said;
  }

  /** Lets the worker look at a request that waits, at once and not when it is due. */
  async function lookNow(id: string): Promise<void> {
    const request = await requests.load(id);
    if (!request) return;
    await requests.putOff(request, now());
    await deps.hints.send({ kind: 'run', request: id, round: request.seq });
  }

  async function check(id: string): Promise<Reply> {
    const request = await requests.load(id);
    const waits = request?.status === 'running' || request?.status === 'approved';
    if (!waits)
      return { tone: 'warn', title: `${id} does not wait for anything.`, lines: [], next: [`show ${id}`] };
    await lookNow(id);
    return { tone: 'info', title: `I look at ${id} now.`, lines: [] };
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
    if ((verb === 'freeze' || verb === 'thaw') && via === 'discourse') {
      const because = plainText(given.because ?? '').replaceAll('`', "'");
      const line = verb === 'freeze' ? `freeze because=${because}` : verb;
      return reply({
        tone: 'bad',
        title: `\`${verb}\` concerns everybody, so it is not taken from the forum.`,
        lines: [`In chat, say \`/koji ${line}\`; in a terminal, \`steward\` instead of \`/koji\`.`],
      });
    }
    if (verb === 'freeze') return reply(await freeze(who, plainText(given.because ?? '')));
    if (verb === 'thaw') return reply(await freeze(who, null));
    if (verb === 'link') return linking.link(from, given.code, given.sure !== undefined);
    if (verb === 'unlink') return linking.unlink(from);
    const id = idIn(given) ?? here;
    if (!id)
      return reply({
        tone: 'warn',
        title: `Which request? Say \`${verb}\` with its id behind it.`,
        lines: [],
        next: ['requests open'],
      });
    if (!(await requests.load(id))) return reply(noSuch(id));
    const plan = given.plan === undefined ? null : Number(given.plan);
    const because = plainText(given.because ?? '');
    switch (verb) {
      case 'show':
        return { kind: 'request', id, isNew: false, queued: true, another: true };
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
      case 'done': {
        const said = await decisions.done(who, id, Number(given.step), via);
        if (said.tone === 'good') await lookNow(id);
        return { kind: 'decided', id, reply: said };
      }
      case 'check':
        return { kind: 'decided', id, reply: await check(id) };
      case 'undo':
        return undo(from, id);
    }
  }

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

  /** Lines to try instead of one that says nothing to us: a typo mended, or what its words seem to ask for. */
  function meantBy(who: Person, meant: string | null, text: string): readonly string[] {
    if (meant !== null && canBeRead(meant)) return [meant];
    const near = meant === null ? null : parse(meant, site.registry);
    if (near?.kind === 'command') return [`help ${near.command.name}`];
    if (near?.kind === 'verb') return [`help ${near.verb.name}`];
    const mine = commandsFor(who, site);
    // Who talks to us need not say that it is about Koji.
    const lines = recognise(`koji ${text}`, mine).map(({ line }) => line);
    const families = about(text, mine).map(({ name }) => `help ${name.split(' ')[0]}`);
    return lines.length > 0 ? lines : [...new Set(families)].slice(0, 3);
  }

  /** Would it be read, once what is missing in it is filled in? */
  function canBeRead(line: string): boolean {
    const read = parse(line, site.registry);
    return 'problems' in read && Object.values(read.problems).every((problem) => problem === 'missing');
  }

  function unknown(title: string, guesses: readonly string[]): Said {
    const meant = guesses.filter(canBeRead);
    return reply({
      tone: 'warn',
      title,
      lines: meant.length > 0 ? ['Did you mean this?'] : ['`help` shows what you can ask for.'],
      next: meant.length > 0 ? meant.map(plainText) : ['help'],
    });
  }

  function unclear(
    who: Person,
    { word, meant }: Extract<Parsed, { kind: 'unclear' }>,
    text: string,
    here: string | undefined,
  ): Said {
    const whole = plainText(text);
    const title =
      whole.length <= 60 && whole.includes(' ')
        ? `I do not understand “${whole}”. Nothing was done.`
        : `I do not know “${plainText(word).slice(0, 60)}”. Nothing was done.`;
    const said = saidOf(whole, here);
    return unknown(title, said.length > 0 ? said : meantBy(who, meant, text));
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
    say: ({ who, text, place, origin, here, among = [] }) =>
      guarded(origin, async () => {
        const from = { who, place, origin, among };
        const parsed = parse(text, site.registry);
        switch (parsed.kind) {
          case 'command':
            return take(from, parsed);
          case 'verb': {
            const { verb, given, problems } = parsed;
            const [wrong] = Object.entries(problems);
            if (!wrong) return act(from, verb.name, given, here);
            const needed = NEEDED[wrong[0]] ?? wrong[0];
            const says = wrong[1] === 'missing' ? `\`${verb.name}\` needs ${needed}.` : wrong[1];
            return reply({ tone: 'warn', title: says, lines: [], next: mended(parsed, here) });
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
            return unclear(who, parsed, text, here);
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
          : unknown(
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
      return drawCard(request, riskOfRequest(site, request), newest || null);
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

/** What a verb lacks, in words. */
const NEEDED: Readonly<Record<string, string>> = {
  because: 'a reason: because=…',
  step: 'the number of the step, which `show` gives',
};

/** `42` is what people type for `r42`. */
function idIn(given: Given): string | undefined {
  return given.request?.toLowerCase().replace(/^(?=\d+$)/, 'r');
}

/** The lines that would have been right, with the request that was meant, never with another. */
function mended(
  { verb, given, problems }: Extract<Parsed, { kind: 'verb' }>,
  here: string | undefined,
): readonly string[] {
  const right = Object.fromEntries(Object.entries(given).filter(([name]) => !problems[name]));
  const { shape } = verb.params;
  if (shape.request) {
    const id = idIn(right) ?? here;
    if (id === undefined) return ['requests open'];
    right.request = id;
  }
  const hole = Object.entries(shape).find(([name, field]) => right[name] === undefined && !isOptional(field));
  if (!hole) return [lineOf(verb.name, verb.params, right)];
  const [name, field] = hole;
  const { choices } = metaOf(field);
  return (choices.length > 0 ? choices : ['…']).map((value) =>
    lineOf(verb.name, verb.params, { ...right, [name]: value }),
  );
}
