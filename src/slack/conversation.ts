import type { z } from 'zod';
import type { Reply } from '../core/card.ts';
import type { Desk, Said } from '../core/desk.ts';
import type { Person, Place } from '../core/person.ts';
import type { Log } from '../core/ports.ts';
import { keyBurnt } from '../core/private-key.ts';
import { Unavailable } from '../core/refused.ts';
import type { PlaceStore, RequestStore } from '../core/store.ts';
import { type Announcer, link } from './announcer.ts';
import { context } from './blocks.ts';
import { actionBody, commandBody, homeBody, saidBody, shortcutBody, viewBody } from './bodies.ts';
import { typed } from './escape.ts';
import { homeView, refusedHome } from './home.ts';
import type { Incoming } from './incoming.ts';
import type { ViewAnswer } from './intake.ts';
import * as modals from './modal.ts';
import { FORM_VERB } from './notice-message.ts';
import type { People } from './people.ts';
import { readState } from './place-state.ts';
import {
  CLOSE,
  earOf,
  formReply,
  instead,
  lineIn,
  oldButton,
  originPlace,
  refusal,
  update,
} from './replies.ts';
import { BUTTON, requestMessage } from './request-message.ts';
import type { Ear, Voice } from './voice.ts';

/** What comes in, brought to the desk; what the desk says, brought back to the one who asked. */
export interface Conversation {
  command(body: unknown, id: string): Promise<void>;
  /** A mention, or something said in a direct message. */
  said(body: unknown, id: string): Promise<void>;
  action(body: unknown, id: string): Promise<void>;
  shortcut(body: unknown): Promise<void>;
  view(body: unknown, id: string): Promise<ViewAnswer>;
  home(body: unknown): Promise<void>;
  /** Slack says that user groups have changed. */
  groupsChanged(): Promise<void>;
  /** Somebody sent a private key. */
  burnt(incoming: Incoming): Promise<void>;
  /** Something of ours broke; it is kept and will be tried again. */
  broken(incoming: Incoming, reply: Reply): Promise<void>;
}

/** Somebody at the desk. */
interface Visit {
  readonly who: Person;
  readonly ear: Ear;
  readonly place: Place;
  readonly id: string;
  /** Opens a modal, for three seconds. */
  readonly trigger?: string;
  /** Replies are ordinary messages: in a direct message nobody else reads along. */
  readonly aloud?: boolean;
}

export function createConversation(deps: {
  readonly desk: Desk;
  readonly people: People;
  readonly places: PlaceStore;
  readonly announcer: Announcer;
  readonly voice: Voice;
  readonly log: Log;
  /** For the App Home; without it Home shows only what one may ask for. */
  readonly requests?: Pick<RequestStore, 'list'>;
}): Conversation {
  const { desk, people, places, announcer, voice, log } = deps;

  /** The person, or null after telling them why they are refused. */
  async function admitted(ear: Ear, team: string | null | undefined): Promise<Person | null> {
    const known = await people.who(ear.user, team);
    if (known.kind === 'person') return known.person;
    if (known.kind === 'unclear') throw new Unavailable('Slack', known.says);
    await voice.whisper(ear, refusal(known));
    return null;
  }

  async function tell(visit: Visit, reply: Reply): Promise<void> {
    if (visit.aloud && visit.ear.channel !== null)
      await voice.say(visit.ear.channel, visit.ear.thread, reply);
    else await voice.whisper(visit.ear, reply);
  }

  async function show(visit: Visit, said: Extract<Said, { kind: 'request' }>): Promise<void> {
    const shown = (await places.of(said.id)).filter((place) => place.kind === 'slack');
    const seen = shown.find((place) => readState(place.state).ts !== undefined);
    if (
      said.isNew ||
      shown.length === 0 ||
      (visit.aloud && !shown.some((one) => one.where === visit.place.where))
    ) {
      await places.add(said.id, visit.place);
      await announced(said.id);
    } else {
      await showOnce(visit, said.id, seen ? readState(seen.state) : {});
    }
    if (said.isNew && !said.queued) {
      await tell(visit, {
        tone: 'warn',
        title: `${said.id} is stored, but the queue does not answer.`,
        lines: ['It is not lost: it will run when the queue is back.'],
      });
    }
  }

  /** A look at a request that is shown elsewhere: without buttons, which stand there. */
  async function showOnce(
    visit: Visit,
    id: string,
    at: { channel?: string | undefined; ts?: string | undefined },
  ) {
    const card = await desk.card(id);
    if (!card) return;
    const url = at.channel && at.ts ? await voice.permalink(at.channel, at.ts) : null;
    const { text, blocks } = requestMessage({ ...card, actions: [] });
    const there = card.status === 'planned' ? `${id} is decided on here` : `${id} is kept up to date here`;
    const message = {
      text,
      blocks: url ? [...blocks, context(link(url, there))] : blocks,
    };
    if (visit.aloud && visit.ear.channel !== null)
      await voice.say(visit.ear.channel, visit.ear.thread, message);
    else await voice.whisper(visit.ear, message);
  }

  /** Showing may fail and is tried again by itself; what was said stands. */
  async function announced(request: string): Promise<void> {
    await announcer.announce(request).catch((error: unknown) => {
      log.warn('a request is not shown yet', { request, error: String(error) });
    });
  }

  async function answer(visit: Visit, said: Said): Promise<void> {
    switch (said.kind) {
      case 'request':
        return show(visit, said);
      case 'decided':
        // Drawn from the record at once: the buttons go when, and only when, the decision stands.
        await Promise.all([announced(said.id), tell(visit, said.reply)]);
        return;
      case 'reply':
        return tell(visit, said.reply);
      case 'form': {
        const modal = modals.formModal(said.form, { where: visit.place.where });
        if (visit.trigger && (await voice.openModal(visit.trigger, modal))) return;
        return tell(visit, formReply(said.form));
      }
    }
  }

  async function press(
    visit: Visit,
    pressed: { verb: string; request: string; plan: number; because?: string },
  ) {
    await answer(
      visit,
      await desk.press({ ...pressed, who: visit.who, place: visit.place, origin: visit.id }),
    );
  }

  async function visitOf(
    body: z.output<typeof viewBody>,
    where: string,
    id: string,
  ): Promise<Visit | { readonly refused: Reply }> {
    const known = await people.who(body.user.id, body.user.team_id);
    if (known.kind === 'unclear') throw new Unavailable('Slack', known.says);
    if (known.kind === 'refused') return { refused: refusal(known) };
    const [channel = '', thread] = where.split('/', 2);
    const ear = { user: body.user.id, channel: channel || null, ...(thread ? { thread } : {}) };
    return { who: known.person, ear, place: originPlace(where), id };
  }

  return {
    async command(body, id) {
      const read = commandBody.parse(body);
      const ear = { user: read.user_id, channel: read.channel_id, responseUrl: read.response_url };
      const who = await admitted(ear, read.team_id);
      if (!who) return;
      const visit = { who, ear, place: originPlace(read.channel_id), id, trigger: read.trigger_id };
      const text = typed(read.text);
      await answer(visit, await desk.say({ who, text, place: visit.place, origin: id }));
    },

    async said(body, id) {
      const { event } = saidBody.parse(body);
      const direct = event.type === 'message';
      if (event.bot_id || !event.user || (direct && event.channel_type !== 'im')) return;
      if (event.subtype && event.subtype !== 'file_share') return;
      // In a direct message there is no need for a thread; in a channel the talk stays in one.
      const thread = event.thread_ts ?? (direct ? undefined : event.ts);
      const ear = { user: event.user, channel: event.channel, thread };
      const who = await admitted(ear, event.user_team);
      if (!who) return;
      const where = thread === undefined ? event.channel : `${event.channel}/${thread}`;
      const inThread = event.thread_ts
        ? await places.find('slack', `${event.channel}/${event.thread_ts}`)
        : [];
      // Somebody else may have asked for another thing in this thread a second ago: `approve` alone is not to mean that.
      const here = inThread.length === 1 ? inThread[0] : undefined;
      const visit = { who, ear, place: originPlace(where), id, aloud: direct };
      const text = lineIn(event.text, direct);
      await answer(
        visit,
        await desk.say({ who, text, place: visit.place, origin: id, ...(here ? { here } : {}) }),
      );
    },

    async action(body, id) {
      const read = actionBody.parse(body);
      const [action] = read.actions;
      const [, request, plan] = /^([a-z]{1,8}\d{1,12}):(\d{1,6})$/u.exec(action?.value ?? '') ?? [];
      const channel = read.channel?.id ?? read.container?.channel_id ?? null;
      const message = read.container?.message_ts ?? undefined;
      const thread = read.container?.thread_ts ?? read.message?.thread_ts ?? undefined;
      const ear = { user: read.user.id, channel, thread: thread ?? message, responseUrl: read.response_url };
      const who = await admitted(ear, read.user.team_id);
      if (!who || !action) return;
      const verb = action.action_id.slice(BUTTON.length);
      const form = verb === FORM_VERB ? desk.form(action.value ?? '') : null;
      if (form === null && (request === undefined || plan === undefined)) {
        return voice.whisper(ear, oldButton());
      }
      const home = channel ?? (await voice.directMessage(read.user.id)) ?? '';
      const place = originPlace(channel !== null && ear.thread ? `${channel}/${ear.thread}` : home);
      const visit = { who, ear: { ...ear, channel: channel ?? home }, place, id, aloud: channel === null };
      if (form !== null) return answer({ ...visit, trigger: read.trigger_id }, { kind: 'form', form });
      if (request === undefined || plan === undefined) return;
      if (verb === 'show' && !(await desk.card(request))) return voice.whisper(ear, oldButton());
      if (verb === 'show') return answer(visit, { kind: 'request', id: request, isNew: false, queued: true });
      if (verb === 'deny') {
        const card = await desk.card(request);
        const origin = { where: place.where, request, plan: Number(plan), verb };
        const modal = modals.becauseModal(request, card?.title ?? request, origin);
        if (await voice.openModal(read.trigger_id, modal)) return;
        const next = [`deny ${request} because=…`];
        return tell(visit, {
          tone: 'warn',
          title: 'Slack did not open the form. Say why like this:',
          lines: [],
          next,
        });
      }
      await press(visit, { verb, request, plan: Number(plan) });
    },

    async shortcut(body) {
      const read = shortcutBody.parse(body);
      const ear = { user: read.user.id, channel: read.channel?.id ?? null, responseUrl: read.response_url };
      if (!(await admitted(ear, read.user.team_id))) return;
      const message = read.message;
      const where =
        read.channel && message
          ? `${read.channel.id}/${message.thread_ts ?? message.ts}`
          : await voice.directMessage(read.user.id);
      if (where)
        await voice.openModal(read.trigger_id, modals.lineModal(typed(message?.text ?? ''), { where }));
    },

    async view(body, id) {
      const read = viewBody.parse(body);
      const view = modals.submittedView.parse(read.view);
      const from = modals.originOf(view);
      if (!from) return CLOSE;
      const visit = await visitOf(read, from.where, id);
      if ('refused' in visit) return instead(visit.refused, () => Promise.resolve());
      const given = modals.givenIn(view);
      const { who, place } = visit;
      let said: Said;
      if (view.callback_id === modals.BECAUSE && from.request !== undefined) {
        const { request, plan = 0, verb = 'deny' } = from;
        said = await desk.press({
          who,
          verb,
          request,
          plan,
          because: given.because ?? '',
          place,
          origin: id,
        });
      } else if (view.callback_id === modals.LINE) {
        said = await desk.say({ who, text: given.line ?? '', place, origin: id });
      } else if (view.callback_id.startsWith(modals.FORM)) {
        const command = view.callback_id.slice(modals.FORM.length);
        said = await desk.submit({ who, command, given, place, origin: id });
      } else return CLOSE;
      return viewAnswer(visit, said, view);
    },

    async home(body) {
      const { event } = homeBody.parse(body);
      if (event.tab !== 'home') return;
      const known = await people.who(event.user);
      if (known.kind !== 'person') return voice.publishHome(event.user, refusedHome(known.says, known.next));
      const who = known.person;
      const [mine = [], planned = []] = deps.requests
        ? await Promise.all([
            deps.requests.list({ asker: who.id, limit: 12 }),
            deps.requests.list({ status: ['planned'], limit: 10 }),
          ])
        : [];
      const cards = await Promise.all(planned.map((one) => desk.card(one.id)));
      const waiting = cards.filter((card) => card !== null);
      await voice.publishHome(event.user, homeView({ who, mine, waiting, menu: desk.menu(who) }));
    },

    groupsChanged() {
      people.forget();
      return Promise.resolve();
    },

    async burnt(incoming) {
      const ear = earOf(incoming.body);
      if (ear) await voice.whisper(ear, { tone: 'bad', ...keyBurnt('Slack') });
    },

    async broken(incoming, reply) {
      const ear = earOf(incoming.body);
      if (ear) await voice.whisper(ear, reply);
    },
  };

  function viewAnswer(visit: Visit, said: Said, view: z.output<typeof modals.submittedView>): ViewAnswer {
    switch (said.kind) {
      case 'form': {
        const errors = modals.errorsOf(said.form, view);
        const late = () => tell(visit, formReply(said.form));
        if (errors) return { ack: { response_action: 'errors', errors }, otherwise: late };
        return update(modals.formModal(said.form, { where: visit.place.where }), late);
      }
      case 'reply':
        return instead(said.reply, () => tell(visit, said.reply));
      default:
        // Shown where everybody sees it; Slack need not wait for that.
        void answer(visit, said).catch((error: unknown) =>
          log.warn('an answer was lost', { error: String(error) }),
        );
        return CLOSE;
    }
  }
}
