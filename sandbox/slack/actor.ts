import { z } from 'zod';
import type { Delivery, Taken } from './delivery.ts';
import { type Filled, fillIn } from './form-values.ts';
import type { Manifest } from './manifest.ts';
import { post, whisper, wire } from './messages.ts';
import type { Block, Fields, View } from './model.ts';
import { eventCallback, interactive, messageEvent, slashCommand } from './payloads.ts';
import { BOT_USER } from './people.ts';
import type { Permits, ResponseUrl } from './permits.ts';
import { respondAtOnce } from './response-url.ts';
import type { State } from './state.ts';
import { makeView, openView, replaceView, viewWire } from './views.ts';

/** What a person at a screen can do. Each settles when the bot has acknowledged, or time is up. */
export interface Actor {
  /** `/koji builder list`, or only `builder list`. Nobody else sees it. */
  slash(text: string, channel: string): Promise<Taken>;
  /** `@steward …` becomes a mention. In a direct message (`dm`) no mention is needed. Gives the message's ts. */
  say(text: string, channel: string, thread?: string): Promise<string>;
  /** Presses by action id or by the text on the button; in a message, or in something only they see. */
  press(channel: string, ts: string, button: string, pick?: string): Promise<Taken>;
  pressInView(viewId: string, button: string, pick?: string): Promise<Taken>;
  /** Sends a form. `errors`: block id to what is wrong, from the form itself or from the bot. */
  submit(
    viewId: string,
    filled: Filled,
  ): Promise<{ readonly ok: boolean; readonly errors: Readonly<Record<string, string>> }>;
  closeView(viewId: string): Promise<void>;
  /** A global shortcut, or with `on` one on a message. */
  shortcut(callbackId: string, on?: { readonly channel: string; readonly ts: string }): Promise<Taken>;
  openHome(): Promise<Taken>;
}

export interface ActorDeps {
  readonly state: State;
  readonly permits: Permits;
  readonly delivery: Delivery;
  readonly now: () => number;
  /** What the app hears of. */
  readonly manifest: Manifest;
  /** The whole address of a `response_url`. */
  readonly responseUrl: (what: ResponseUrl) => string;
}

const pressable = z.looseObject({
  type: z.string(),
  action_id: z.string(),
  value: z.string().optional(),
  text: z.looseObject({ text: z.string() }).optional(),
  options: z.array(z.looseObject({ value: z.string() })).optional(),
});
const holder = z.looseObject({
  block_id: z.string(),
  elements: z.array(z.unknown()).optional(),
  accessory: z.unknown().optional(),
});
const submission = z.looseObject({
  response_action: z.enum(['errors', 'update', 'push', 'clear']).optional(),
  errors: z.record(z.string(), z.string()).optional(),
  view: z.unknown().optional(),
});

export function createActor(id: string, deps: ActorDeps): Actor {
  const { state, permits, delivery } = deps;
  const user = state.user(id);
  if (user === undefined || user.isBot) throw new Error(`nobody has the id ${id}`);

  const seesChannel = (channel: string): string => {
    if (channel === 'dm') return state.directMessage(id).id;
    if (state.channel(channel)?.members.includes(id) !== true)
      throw new Error(`${user.name} is not in ${channel}`);
    return channel;
  };
  const send = (kind: 'interactive' | 'slash_commands', payload: Fields) => delivery.send({ kind, payload });
  const sendEvent = async (event: Fields, name = String(event.type)): Promise<Taken> =>
    deps.manifest.events.includes(name)
      ? delivery.sendEvent({ kind: 'events_api', payload: eventCallback(state, deps.now(), event) })
      : { kind: 'nobody' };
  const ownView = (viewId: string): View => {
    const view = [...state.views, ...state.homes].find((one) => one.id === viewId && one.user === id);
    if (view === undefined) throw new Error(`${user.name} has no view ${viewId} open`);
    return view;
  };
  const dropView = (gone: (view: View) => boolean) => {
    state.views = state.views.filter((view) => view.user !== id || !gone(view));
    state.changed();
  };

  const actor: Actor = {
    async slash(text, channelGiven) {
      const channel = seesChannel(channelGiven);
      const [, command = '/koji', rest = text] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) ?? [];
      const failing = (says: string) =>
        whisper(state, { channel, to: id, text: says, blocks: [], from: 'service' });
      if (!deps.manifest.commands.includes(command)) {
        failing(`${command} is not a valid command.`);
        return { kind: 'nobody' };
      }
      const to: ResponseUrl = { channel, user: id, original: null, threadTs: undefined };
      const links = { response_url: deps.responseUrl(to), trigger_id: permits.trigger(id) };
      const taken = await send(
        'slash_commands',
        slashCommand(state, user, { channel, command, text: rest }, links),
      );
      const failed =
        taken.kind === 'timeout'
          ? 'operation_timeout'
          : taken.kind === 'ok'
            ? respondAtOnce(state, to, taken.body)
            : 'dispatch_failed';
      if (failed !== null) failing(`${command} failed with the error "${failed}"`);
      return taken;
    },

    async say(text, channelGiven, thread) {
      const channel = seesChannel(channelGiven);
      const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
      const mentioning = escaped.replace(/@([a-z][a-z0-9-]*)/g, (whole, name) => {
        const person = state.users.find((one) => one.name === name);
        const group = state.groups.find((one) => one.handle === name);
        return person !== undefined
          ? `<@${person.id}>`
          : group !== undefined
            ? `<!subteam^${group.id}>`
            : whole;
      });
      const message = post(state, { text: mentioning, blocks: [], channel, user: id, threadTs: thread });
      const withBot = state.channel(channel)?.members.includes(BOT_USER) === true;
      if (withBot && state.channel(channel)?.kind === 'im')
        await sendEvent(messageEvent(state, message, 'message'), 'message.im');
      else if (withBot && mentioning.includes(`<@${BOT_USER}>`))
        await sendEvent(messageEvent(state, message, 'app_mention'));
      return message.ts;
    },

    async press(channelGiven, ts, button, pick) {
      const channel = seesChannel(channelGiven);
      const whispered = state.ephemerals.find(
        (one) => one.channel === channel && one.ts === ts && one.to === id,
      );
      const message = state.message(channel, ts);
      const source = whispered ?? message;
      if (source === undefined) throw new Error(`no message ${ts} in ${channel} that ${user.name} sees`);
      const threadTs = source.threadTs;
      const kind = whispered === undefined ? 'message' : 'ephemeral';
      return send(
        'interactive',
        interactive(state, user, 'block_actions', {
          container: {
            type: 'message',
            message_ts: ts,
            channel_id: channel,
            is_ephemeral: kind === 'ephemeral',
            ...(threadTs !== undefined && { thread_ts: threadTs }),
          },
          trigger_id: permits.trigger(id),
          channel: {
            id: channel,
            name: state.channel(channel)?.kind === 'im' ? 'directmessage' : state.channel(channel)?.name,
          },
          ...(message !== undefined && { message: wire(state, message) }),
          state: { values: {} },
          response_url: deps.responseUrl({ channel, user: id, original: { kind, ts }, threadTs }),
          actions: [action(source.blocks, button, pick, deps.now())],
        }),
      );
    },

    async pressInView(viewId, button, pick) {
      const view = ownView(viewId);
      return send(
        'interactive',
        interactive(state, user, 'block_actions', {
          container: { type: 'view', view_id: view.id },
          trigger_id: permits.trigger(id),
          view: viewWire(state, view),
          actions: [action(view.blocks, button, pick, deps.now())],
        }),
      );
    },

    async submit(viewId, filled) {
      const view = ownView(viewId);
      const { values, errors } = fillIn(view.blocks, filled);
      if (Object.keys(errors).length > 0) {
        replaceView(state, { ...view, errors });
        return { ok: false, errors };
      }
      const taken = await send(
        'interactive',
        interactive(state, user, 'view_submission', {
          trigger_id: permits.trigger(id),
          view: viewWire(state, view, values),
          response_urls: [],
        }),
      );
      const trouble = { [String(view.blocks[0]?.block_id)]: 'We had some trouble connecting. Try again?' };
      const answer = submission.safeParse(taken.kind === 'ok' && taken.body ? taken.body : {});
      if (taken.kind !== 'ok' || !answer.success) {
        replaceView(state, { ...view, errors: trouble });
        return { ok: false, errors: trouble };
      }
      const { response_action: what, errors: said = {}, view: next } = answer.data;
      if (what === 'errors') {
        replaceView(state, { ...view, errors: said });
        return { ok: false, errors: said };
      }
      if (what === 'update') {
        const made = makeView(state, next, id, { id: view.id, type: 'modal' });
        replaceView(state, { ...made, previous: view.previous, root: view.root });
      } else if (what === 'push')
        openView(state, makeView(state, next, id, { type: 'modal', previous: view }));
      else if (what === 'clear') dropView(() => true);
      else dropView((one) => one.id === view.id);
      return { ok: true, errors: {} };
    },

    async closeView(viewId) {
      const view = ownView(viewId);
      dropView((one) => one.id === viewId || (view.body.clear_on_close === true && one.root === view.root));
      if (view.body.notify_on_close === true)
        await send(
          'interactive',
          interactive(state, user, 'view_closed', { view: viewWire(state, view), is_cleared: false }),
        );
    },

    async shortcut(callbackId, on) {
      const ids = {
        callback_id: callbackId,
        trigger_id: permits.trigger(id),
        action_ts: String(deps.now() / 1000),
      };
      if (on === undefined) return send('interactive', interactive(state, user, 'shortcut', ids));
      const channel = seesChannel(on.channel);
      const message = state.message(channel, on.ts);
      if (message === undefined) throw new Error(`no message ${on.ts} in ${channel}`);
      return send(
        'interactive',
        interactive(state, user, 'message_action', {
          ...ids,
          channel: { id: channel, name: state.channel(channel)?.name },
          message_ts: on.ts,
          message: wire(state, message),
          response_url: deps.responseUrl({ channel, user: id, original: null, threadTs: message.threadTs }),
        }),
      );
    },

    openHome: () =>
      sendEvent({
        type: 'app_home_opened',
        user: id,
        channel: state.directMessage(id).id,
        tab: 'home',
        event_ts: String(deps.now() / 1000),
        ...(state.homes.some((home) => home.user === id) && {
          view: state.homes.filter((home) => home.user === id).map((home) => viewWire(state, home))[0],
        }),
      }),
  };
  return actor;
}

/** The entry of `actions` for the button, found by action id or by its text. Throws when it is not there. */
function action(blocks: readonly Block[], button: string, pick: string | undefined, now: number): Fields {
  for (const block of blocks) {
    const { block_id, elements = [], accessory } = holder.parse(block);
    for (const part of [...elements, accessory]) {
      const element = pressable.safeParse(part).data;
      if (element === undefined || (element.action_id !== button && element.text?.text !== button)) continue;
      const picked = element.options?.find((option) => option.value === pick);
      return {
        type: element.type,
        action_id: element.action_id,
        block_id,
        action_ts: (now / 1000).toFixed(6),
        ...(element.type === 'button' && { text: element.text, value: element.value }),
        ...(picked !== undefined && { selected_option: picked }),
      };
    }
  }
  throw new Error(`there is no button "${button}" here`);
}
