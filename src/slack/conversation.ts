import type { Reply } from '../core/card.ts';
import type { Desk, Said } from '../core/desk.ts';
import type { Log } from '../core/ports.ts';
import { keyBurnt } from '../core/private-key.ts';
import type { PlaceStore, RequestStore } from '../core/store.ts';
import type { Announcer } from './announcer.ts';
import { createAnswering } from './answering.ts';
import { actionBody, commandBody, homeBody, saidBody, shortcutBody, viewBody } from './bodies.ts';
import { typed } from './escape.ts';
import { homeView, refusedHome } from './home.ts';
import type { Incoming } from './incoming.ts';
import type { ViewAnswer } from './intake.ts';
import * as modals from './modal.ts';
import { FORM_VERB } from './notice-message.ts';
import type { People } from './people.ts';
import { CLOSE, earOf, instead, lineIn, oldButton, originPlace } from './replies.ts';
import { BUTTON } from './request-message.ts';
import { createEntrance, type Visit } from './visit.ts';
import type { Voice } from './voice.ts';

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
  const { desk, people, places, voice } = deps;
  const { admitted, visitOf } = createEntrance(people, voice);
  const { tell, answer, viewAnswer } = createAnswering(deps);

  async function press(
    visit: Visit,
    pressed: { verb: string; request: string; plan: number; because?: string },
  ) {
    await answer(
      visit,
      await desk.press({ ...pressed, who: visit.who, place: visit.place, origin: visit.id }),
    );
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
      const { line: text, lead } = lineIn(event.text, direct);
      await answer(
        visit,
        await desk.say({ who, text, lead, place: visit.place, origin: id, ...(here ? { here } : {}) }),
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
}
