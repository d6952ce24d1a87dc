import { App } from '@slack/bolt';
import { LogLevel } from '@slack/socket-mode';
import type { KnownBlock, ModalView } from '@slack/types';
import { z } from 'zod';
import type { SandboxSlack } from '../../sandbox/slack/slack.ts';

const mrkdwn = (text: string) => ({ type: 'mrkdwn' as const, text });
const plain = (text: string) => ({ type: 'plain_text' as const, text });
const section = (text: string): KnownBlock => ({ type: 'section', text: mrkdwn(text) });
const context = (text: string): KnownBlock => ({ type: 'context', elements: [mrkdwn(text)] });

/** A request card as the real bot draws one, at one of its stages. */
export function cardBlocks(stage: 'waiting' | 'running' | 'done'): KnownBlock[] {
  const line = {
    waiting: '✋ Waits for one of <@U0ADAM>, <@U0BEA>, <@U0CARL>',
    running: '⏳ Approved by Adam. Carrying out step 1 of 2',
    done: '✅ Done: the capacity of builder2 is 8',
  }[stage];
  const [first, second] = { waiting: ['○', '○'], running: ['✓', '⏳'], done: ['✓', '✓'] }[stage] ?? [];
  return [
    { type: 'header', text: plain('Raise the capacity of builder2 from 4 to 8') },
    section(line),
    {
      type: 'section',
      fields: [mrkdwn('*Builder*\nbuilder2'), mrkdwn('*Load*\n3.1 of 4'), mrkdwn('*Asked by*\n<@U0MARIA>')],
    },
    { type: 'divider' },
    section(`${first} *Set the capacity of builder2 to 8*\ncapacity: 4 → 8`),
    ...(stage === 'done'
      ? []
      : [section('```-capacity 4\n+capacity 8\neditHost("builder2", capacity=8.0)```')]),
    ...(stage === 'done' ? [] : [context('✓ checked in 12 s ago · can be undone · digest 3f9a02c17b5e')]),
    section(`${second} *Tell #koji-admins*`),
    ...(stage === 'waiting'
      ? [
          {
            type: 'actions' as const,
            elements: [
              {
                type: 'button' as const,
                action_id: 'steward:approve',
                style: 'primary' as const,
                text: plain('Approve'),
                value: 'r42:1',
              },
              {
                type: 'button' as const,
                action_id: 'steward:deny',
                style: 'danger' as const,
                text: plain('Deny'),
                value: 'r42:1',
                confirm: {
                  title: plain('Deny r42?'),
                  text: plain('Maria is asked to look at your reason.'),
                  confirm: plain('Deny'),
                  deny: plain('Not now'),
                },
              },
              { type: 'button' as const, action_id: 'steward:show', text: plain('Show'), value: 'r42:1' },
            ],
          },
        ]
      : []),
    context(
      stage === 'waiting'
        ? 'r42 · asked by <@U0MARIA> · waits for one of <@U0ADAM>, <@U0BEA>'
        : 'r42 · asked by <@U0MARIA> · approved by <@U0ADAM>',
    ),
  ];
}

/** An answer with a table. */
export function tableBlocks(): KnownBlock[] {
  const cell = (text: string) => ({ type: 'raw_text' as const, text });
  return [
    section('⚠️ *One of 4 builders needs a look*'),
    {
      type: 'table',
      column_settings: [{ align: 'left' }, { align: 'right' }, { align: 'right' }],
      rows: [
        ['Builder', 'Capacity', 'Load', 'Last check-in', 'Enabled', 'Channels'],
        ['builder4', '4', '0.0', '⚠️ 3 hours ago', 'yes', 'default'],
        ['builder1', '8', '6.2', '12 s ago', 'yes', 'default, createrepo'],
        ['builder2', '4', '3.1', '9 s ago', 'yes', 'default'],
        ['builder3', '4', '0.0', '14 s ago', 'no', 'default, livecd'],
      ].map((row) => row.map(cell)),
    },
    context('Next: `nfs check builder4` · `builder disable builder4 because=…`'),
  ];
}

const form: ModalView = {
  type: 'modal',
  callback_id: 'form',
  title: plain('builder capacity'),
  submit: plain('Ask'),
  close: plain('Cancel'),
  blocks: [
    section('Set how much a builder takes at once.\n`builder capacity <host> <number>`'),
    {
      type: 'input',
      block_id: 'field:host',
      label: plain('Builder'),
      element: {
        type: 'static_select',
        action_id: 'value',
        placeholder: plain('Choose a builder'),
        options: ['builder1', 'builder2'].map((name) => ({ text: plain(name), value: name })),
      },
    },
    {
      type: 'input',
      block_id: 'field:capacity',
      label: plain('Capacity'),
      hint: plain('A number above 1. For example: 8'),
      element: { type: 'plain_text_input', action_id: 'value' },
    },
    {
      type: 'input',
      block_id: 'field:because',
      optional: true,
      label: plain('Because'),
      element: { type: 'plain_text_input', action_id: 'value', multiline: true },
    },
  ],
};

/** A small bot on the real library that plays one request, for tests of the page. Gives back how to stop it. */
export async function startSampleBot(slack: SandboxSlack): Promise<() => Promise<unknown>> {
  const app = new App({
    token: slack.botToken,
    signingSecret: slack.signingSecret,
    clientOptions: { slackApiUrl: slack.apiUrl },
    logLevel: LogLevel.ERROR,
  });
  const web = app.client;
  app.command('/koji', async ({ ack, command, respond }) => {
    if (command.text === 'builder list') {
      await ack();
      await web.chat.postMessage({ channel: command.channel_id, text: 'builders', blocks: tableBlocks() });
    } else if (command.text === 'builder capacity') {
      await ack();
      await web.views.open({ trigger_id: command.trigger_id, view: form });
    } else if (command.text === 'builder capacity builder2 8') {
      await ack();
      const posted = await web.chat.postMessage({
        channel: command.channel_id,
        text: 'r42: raise the capacity of builder2',
        blocks: cardBlocks('waiting'),
      });
      await web.chat.postMessage({
        channel: 'C0ADMINS',
        text: `<!subteam^S0ADMINS> *r42* waits for one of you: raise the capacity of builder2 from 4 to 8, asked by <@${command.user_id}>`,
      });
      await web.chat.postMessage({
        channel: command.channel_id,
        thread_ts: posted.ts ?? '',
        text: 'I asked <@U0ADAM>, <@U0BEA> and <@U0CARL>.',
      });
    } else {
      await ack();
      await respond({ text: `I do not know \`${command.text}\`. Did you mean \`builder list\`?` });
    }
  });
  app.view('form', async ({ ack, view }) => {
    const capacity = Number(view.state.values['field:capacity']?.value?.value);
    await (capacity > 1
      ? ack()
      : ack({ response_action: 'errors', errors: { 'field:capacity': 'A number above 1, please.' } }));
  });
  app.action('steward:approve', async ({ ack, body }) => {
    await ack();
    const { channel, message } = z
      .object({ channel: z.object({ id: z.string() }), message: z.object({ ts: z.string() }) })
      .parse(body);
    const at = { channel: channel.id, ts: message.ts };
    await web.chat.update({ ...at, text: 'r42: running', blocks: cardBlocks('running') });
    await web.chat.update({ ...at, text: 'r42: done', blocks: cardBlocks('done') });
    await web.chat.postMessage({
      channel: channel.id,
      thread_ts: message.ts,
      text: `<@U0MARIA> r42 is done: the capacity of builder2 is 8. Approved by <@${body.user.id}>.`,
    });
  });
  app.action('steward:deny', async ({ ack }) => ack());
  app.action('steward:show', async ({ ack }) => ack());
  app.event('app_mention', async ({ event, say }) => {
    await say({ text: `You said: ${event.text}`, thread_ts: event.thread_ts ?? event.ts });
  });
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  slack.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
  return () => app.stop();
}
