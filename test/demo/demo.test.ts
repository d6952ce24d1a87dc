import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { stopped, until } from '../support/process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const KOJI = 'C0KOJI';

it('ends within two seconds of Ctrl-C, and a second start goes on with the earlier requests', {
  timeout: 120_000,
}, async ({ onTestFinished }) => {
  const dir = await mkdtemp(join(tmpdir(), 'steward-demo-test-'));
  const children: ChildProcess[] = [];
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(stopped));
    await rm(dir, { recursive: true, force: true });
  });

  async function demo() {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'sandbox/demo.ts', '--dir', dir, '--port', '0'],
      // The demo brings its own database and queue, whatever the machine has.
      {
        cwd: root,
        env: { ...process.env, DATABASE_URL: 'postgres://127.0.0.1:1/x', REDIS_URL: 'redis://127.0.0.1:1' },
      },
    );
    children.push(child);
    let heard = '';
    child.stdout.on('data', (chunk) => {
      heard += chunk;
    });
    child.stderr.on('data', (chunk) => {
      heard += chunk;
    });
    const address = (): string | undefined => /http:\/\/127\.0\.0\.1:\d+\//.exec(heard)?.[0];
    await until(() => address() !== undefined || child.exitCode !== null, 60_000);
    const url = address();
    if (url === undefined) throw new Error(`no page: ${heard}`);
    const act = async (as: string, what: Record<string, string>): Promise<void> => {
      const response = await fetch(`${url}do`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: url.replace(/\/$/, '') },
        body: JSON.stringify({ as, ...what }),
        signal: AbortSignal.timeout(10_000),
      });
      expect(await response.text()).toContain('true');
    };
    /** What this person's window is told, until all of these are in it. */
    const sees = async (as: string, ...patterns: readonly RegExp[]): Promise<string> => {
      const leaving = AbortSignal.timeout(30_000);
      const response = await fetch(`${url}live?as=${as}`, { signal: leaving });
      let told = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        told += chunk;
        if (patterns.every((pattern) => pattern.test(told))) return told;
      }
      throw new Error(`${as} never saw ${patterns.join(' and ')}`);
    };
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      const begun = Date.now();
      child.kill(signal);
      expect(await stopped(child)).toBe(0);
      expect(Date.now() - begun).toBeLessThan(2_000);
    };
    return { act, sees, end };
  }

  const first = await demo();
  await first.act('U0MARIA', { what: 'say', channel: KOJI, text: '/koji builder capacity builder2 8' });
  const told = await first.sees('U0MARIA', /Raise the capacity of builder2 from 4 to 8/, /"Approve"/);
  const ts = /"ts":"([\d.]+)"(?=(?:(?!"ts":)[\s\S])*Raise the capacity)/.exec(told)?.[1] ?? '';
  expect(ts).not.toBe('');
  await first.end('SIGINT');

  const second = await demo();
  await second.sees('U0ADAM', /Raise the capacity of builder2 from 4 to 8/);
  // A button from before the restart.
  await second.act('U0ADAM', { what: 'press', channel: KOJI, ts, button: 'Approve' });
  await second.sees('U0MARIA', /Done, and checked/);
  await second.end('SIGTERM');
});
