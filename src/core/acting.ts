import { type createAsking, noSuch, type Origin, reply } from './asking.ts';
import type { Reply } from './card.ts';
import { createDecisions } from './decisions.ts';
import type { Said } from './desk.ts';
import type { Via } from './events.ts';
import { readFreeze } from './freeze.ts';
import { createFreezing } from './freezing.ts';
import { helpReply } from './help.ts';
import { createLinking } from './linking.ts';
import { historyReply, listReply, OPEN } from './listing.ts';
import type { Person } from './person.ts';
import { plainText } from './plain-text.ts';
import { approvingRoles, riskOfRequest, type Site } from './planner.ts';
import type { Hints } from './ports.ts';
import { ENDED, type Request } from './request.ts';
import type { Requests } from './requests.ts';
import { decidersOf } from './rights.ts';
import type { Store } from './store.ts';
import { idIn, type VerbName } from './verbs.ts';

/** Does what a verb says. `here`: the request of the thread it was said in. */
export type Act = (
  from: Origin,
  verb: VerbName,
  given: Readonly<Record<string, string>>,
  here: string | undefined,
) => Promise<Said>;

/** Carries out the verbs: lists, decisions, and what people do for everybody. */
export function createActing(deps: {
  readonly site: Site;
  readonly requests: Requests;
  readonly store: Store;
  readonly hints: Hints;
  /** Roles that may freeze and thaw. */
  readonly operators: readonly string[];
  readonly tell?: ((said: Reply) => void) | undefined;
  readonly undo: ReturnType<typeof createAsking>['undo'];
  readonly now: () => Date;
}): Act {
  const { site, requests, store, undo, now } = deps;
  const decisions = createDecisions({
    requests,
    ledger: store.ledger,
    deciders: (request) => decidersOf(site, request, deps.operators),
    riskOf: (request) => riskOfRequest(site, request),
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
  async function lookNow(request: Request): Promise<void> {
    await requests.putOff(request, now());
    await deps.hints.send({ kind: 'run', request: request.id, round: request.seq });
  }

  async function check(request: Request): Promise<Reply> {
    const { id, status } = request;
    const waits = status === 'running' || status === 'approved';
    if (!waits)
      return { tone: 'warn', title: `${id} does not wait for anything.`, lines: [], next: [`show ${id}`] };
    await lookNow(request);
    return { tone: 'info', title: `I look at ${id} now.`, lines: [] };
  }

  async function list(who: Person, which: string): Promise<Reply> {
    const filter = { open: { status: OPEN }, mine: { asker: who.id }, all: {} }[which] ?? { status: OPEN };
    const listed = await store.requests.list({ ...filter, limit: 20 });
    const title =
      { open: 'Open requests', mine: 'Your requests', all: 'Latest requests' }[which] ?? 'Open requests';
    const shown = listReply(title, listed, now());
    return { ...shown, lines: [...(await frozenLines('')), ...shown.lines] };
  }

  async function frozenLines(then: string): Promise<readonly string[]> {
    const frozen = await readFreeze(store.notes);
    return frozen ? [`Everything is frozen by ${frozen.by}: ${frozen.because}.${then}`] : [];
  }

  /** Whoever lets something go on is told when it will not. */
  async function unlessFrozen(said: Reply): Promise<Reply> {
    if (said.tone !== 'good') return said;
    return { ...said, lines: [...said.lines, ...(await frozenLines(' It goes on after `thaw`.'))] };
  }

  /** Asks which request is meant, with the lines for those of that place that have not ended. */
  async function whichOf(
    verb: VerbName,
    given: Readonly<Record<string, string>>,
    among: readonly string[],
  ): Promise<Reply> {
    const near = await Promise.all(among.map((id) => requests.load(id)));
    const open = near.flatMap((one) => (one && !ENDED.includes(one.status) ? [one.id] : []));
    const { because } = given;
    const rest = because === undefined ? '' : ` because=${plainText(because)}`;
    return {
      tone: 'warn',
      title: 'Which request do you mean? Nothing was done.',
      lines: open.length > 0 ? [] : ['`requests open` shows their ids.'],
      next: open.length > 0 ? open.slice(-3).map((id) => `${verb} ${id}${rest}`) : ['requests open'],
    };
  }

  return async (from, verb, given, here) => {
    const { who } = from;
    const via = from.place.kind;
    if (verb === 'help') return reply(helpReply(who, given.topic, site));
    if (verb === 'requests') return reply(await list(who, given.which ?? 'open'));
    if ((verb === 'freeze' || verb === 'thaw') && via === 'discourse')
      return reply(notFromForum(verb, given.because ?? ''));
    if (verb === 'freeze') return reply(await freeze(who, plainText(given.because ?? '')));
    if (verb === 'thaw') return reply(await freeze(who, null));
    if (verb === 'link') return linking.link(from, given.code, given.sure !== undefined);
    if (verb === 'unlink') return linking.unlink(from);
    const id = idIn(given) ?? here;
    if (!id) return reply(await whichOf(verb, given, from.among ?? []));
    const request = await requests.load(id);
    if (!request) return reply(noSuch(id));
    const plan = given.plan === undefined ? null : Number(given.plan);
    const because = plainText(given.because ?? '');
    switch (verb) {
      case 'show':
        return { kind: 'request', id, isNew: false, queued: true, another: true };
      case 'history':
        return reply(historyReply(id, await store.requests.events(id)));
      case 'approve':
        return {
          kind: 'decided',
          id,
          reply: await unlessFrozen(await decisions.approve(who, id, plan, via)),
        };
      case 'deny':
        return { kind: 'decided', id, reply: await decisions.deny(who, id, plan, because, via) };
      case 'cancel':
        return { kind: 'decided', id, reply: await cancel(who, id, because, via) };
      case 'resume':
        return { kind: 'decided', id, reply: await unlessFrozen(await decisions.resume(who, id, via)) };
      case 'resolve':
        return {
          kind: 'decided',
          id,
          reply: await decisions.resolve(who, id, given.outcome === 'done' ? 'done' : 'not-done', via),
        };
      case 'done': {
        const said = await decisions.done(who, id, Number(given.step), via);
        const since = said.tone === 'good' ? await requests.load(id) : null;
        if (since) await lookNow(since);
        return { kind: 'decided', id, reply: said };
      }
      case 'check':
        return { kind: 'decided', id, reply: await check(request) };
      case 'undo':
        return undo(from, id);
    }
  };
}

/** What concerns everybody is not taken where mail can be forged. */
function notFromForum(verb: 'freeze' | 'thaw', because: string): Reply {
  const line = verb === 'freeze' ? `freeze because=${plainText(because).replaceAll('`', "'")}` : verb;
  return {
    tone: 'bad',
    title: `\`${verb}\` concerns everybody, so it is not taken from the forum.`,
    lines: [`In chat, say \`/koji ${line}\`; in a terminal, \`steward\` instead of \`/koji\`.`],
  };
}
