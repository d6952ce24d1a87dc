import { App } from '@slack/bolt';
import { LogLevel } from '@slack/socket-mode';
import { WebClient } from '@slack/web-api';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { type SandboxSlack, type SlackOptions, startSlack } from '../../sandbox/slack/slack.ts';

/** A Slack for this test, and the real client of its Web API. */
export async function start(options: SlackOptions = {}): Promise<{ slack: SandboxSlack; web: WebClient }> {
  const slack = await startSlack({ rateScale: Number.POSITIVE_INFINITY, ...options });
  onTestFinished(() => slack.close());
  return { slack, web: client(slack) };
}

/** The real client, which neither waits nor tries again. */
export const client = (slack: SandboxSlack, token = slack.botToken) =>
  new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: 2000,
  });

/** The error that Slack answered with. */
export const failure = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return z.object({ data: z.object({ error: z.string() }) }).parse(error).data.error;
  }
};

export const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
/** A button as our messages have it. */
export const approve = {
  type: 'actions',
  elements: [
    {
      type: 'button',
      action_id: 'approve',
      style: 'primary',
      text: { type: 'plain_text', text: 'Approve' },
      value: 'r42:1',
    },
  ],
};

/** A real Bolt app on a free port that `slack` sends to. */
export async function startBolt(slack: SandboxSlack, set: (app: App) => void): Promise<void> {
  const app = new App({
    token: slack.botToken,
    signingSecret: slack.signingSecret,
    clientOptions: { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } },
    logLevel: LogLevel.ERROR,
  });
  app.error(async () => {});
  set(app);
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    await app.stop();
  });
  const address = z.object({ port: z.number() }).parse(server.address());
  slack.setRequestUrl(`http://127.0.0.1:${address.port}/slack/events`);
}
