import { expect, it } from 'vitest';
import { startSlack } from '../../sandbox/slack/slack.ts';
import { openDatabase } from '../../src/store/database.ts';
import { freePort, quietLog, stopped, until } from '../support/process.ts';
import { startChild, startKillSite } from './site.ts';

const KOJI = 'C0KOJI';

it('makes each request that was stored, once, also when it is killed before and after carrying on with it', {
  timeout: 120_000,
}, async ({ onTestFinished }) => {
  const site = await startKillSite({ builders: ['a1-1'] });
  onTestFinished(() => site.close());
  const port = await freePort();
  const slack = await startSlack({
    requestUrl: `http://127.0.0.1:${port}/slack/events`,
    rateScale: Infinity,
  });
  onTestFinished(() => slack.close());
  const { apiUrl, botToken, signingSecret, team } = slack;
  const setup = { ...site.setup, databaseUrl: null, redisUrl: null, askings: [] };

  async function live(at: 'stored' | 'carried-on' | 'never') {
    const child = startChild('web-child.ts', {
      TEST_SETUP: JSON.stringify(setup),
      TEST_SLACK: JSON.stringify({ apiUrl, botToken, signingSecret, team }),
      TEST_PORT: String(port),
      TEST_AT: at,
    });
    const heard: unknown[] = [];
    child.on('message', (message) => heard.push(message));
    onTestFinished(() => void child.kill('SIGKILL'));
    await until(() => heard.includes('ready'), 60_000);
    return { child, done: () => heard.filter((one) => one === 'done').length };
  }
  const ask = (text: string) => slack.as('U0MARIA').slash(text, KOJI);

  const first = await live('stored');
  const asked = Date.now();
  // The process died before it had answered: all that Slack can tell her is that something went wrong.
  expect(await ask('/koji builder capacity a1-1 9')).not.toMatchObject({ kind: 'ok' });
  expect(await stopped(first.child)).toBe(null);

  // Its successor leaves alone what is younger than two seconds: it may be another process's work.
  await until(() => Date.now() - asked > 2_000);
  const second = await live('carried-on');
  expect(await stopped(second.child)).toBe(null);

  const third = await live('never');
  await until(() => third.done() > 0, 30_000);
  const shown = () => slack.messages(KOJI).filter(({ user }) => user !== 'U0MARIA');
  await until(() => JSON.stringify(shown()).includes('Raise the capacity of a1-1 from 4 to 9'), 30_000);
  expect(shown()).toHaveLength(1);
  third.child.kill('SIGKILL');
  await stopped(third.child);

  const database = await openDatabase({ dir: setup.dir, log: quietLog() });
  onTestFinished(() => database.close());
  expect(await database.query('select id, text, status from steward.requests')).toEqual([
    { id: 'r1', text: 'builder capacity a1-1 9', status: 'planned' },
  ]);
});
