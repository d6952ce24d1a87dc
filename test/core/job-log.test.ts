import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJobLogs } from '../../src/core/job-log.ts';
import { presentable } from '../../src/core/log-hygiene.ts';
import { createHttp } from '../../src/http.ts';
import { steward } from '../cli/terminal.ts';
import { PEOPLE } from '../support/kernel.ts';
import { thorough } from '../support/thorough.ts';
import { type JobBench, startJobBench } from './job-bench.ts';

const { maria, nobody } = PEOPLE;

let bench: JobBench;
beforeAll(async () => {
  bench = await startJobBench();
});
afterAll(() => bench.close());

/** A request whose job has failed; its log has these bytes behind what the job said. */
async function failed(tag: string, more: string | Buffer = ''): Promise<{ id: string; dir: string }> {
  const id = await bench.approved(`mirror sync ${tag}`);
  await bench.kernel.settle();
  bench.end(tag, 3);
  await bench.becomes(id, 'failed');
  const [run] = await runs(id);
  const dir = join(bench.root, 'var/lib/steward-jobs/mrepo/runs', run ?? '');
  appendFileSync(join(dir, 'log'), more);
  return { id, dir };
}

async function runs(id: string): Promise<readonly string[]> {
  const { plan } = await bench.kernel.load(id);
  return (plan?.steps ?? []).map((now) => `${id}-${now.digest.slice(0, 16)}`);
}

async function logOf(id: string) {
  // Nobody asks so often.
  bench.clock.forward(20_000);
  const asked = await bench.kernel.ask(maria, `log ${id}`);
  const packed = await bench.kernel.store.files.get(asked.id);
  return { asked, answer: asked.answer, text: packed === null ? null : gunzipSync(packed).toString() };
}

describe('the whole log of a job', () => {
  it('is offered where it failed, and given from the host, beside the record and not in it', async () => {
    const { id, dir } = await failed('whole', 'line\n'.repeat(50_000));
    const card = await bench.kernel.desk.card(id);
    expect(card?.actions.map((action) => action.line)).toEqual([`resume ${id}`, `log ${id}`]);
    expect(card?.next).toContain(`Say \`log ${id}\` for its log. Mend the cause, then \`resume ${id}\` (`);

    const { asked, answer, text } = await logOf(id);
    expect(text).toBe(`got 1 of 4\nlast words of whole\n${'line\n'.repeat(50_000)}`);
    expect(answer).toMatchObject({
      title: `Log of ${id}: mrepo on mirror`,
      verdict: 'warn',
      file: {
        name: `${id}-mrepo.txt`,
        bytes: 250_031,
        last: Array(20).fill('line').join('\n'),
        elsewhere: `on mirror in \`${dir.slice(bench.root.length)}/log\``,
        line: `log ${id}`,
      },
    });
    expect(answer?.lines?.[0]).toMatch(/^It ended with exit code 3 after \d+ s; its log has 250 kB\.$/);
    const events = await bench.kernel.store.requests.events(asked.id);
    expect(JSON.stringify(events).length).toBeLessThan(4_000);
    expect((await bench.kernel.load(id)).status).toBe('failed');
  });

  it('is given while the job goes on, as far as it is', async () => {
    const id = await bench.approved('mirror sync going');
    await bench.kernel.settle();
    await bench.later(2_000);
    expect((await bench.kernel.desk.card(id))?.next).toBe(`\`log ${id}\` gives its log as far as it is.`);
    const { answer, text } = await logOf(id);
    expect(text).toBe('got 1 of 4\n');
    expect(answer?.lines?.[0]).toMatch(/^It goes on, for \d+ s now; its log has 11 bytes so far\.$/);
    bench.end('going', 0);
    expect(await bench.becomes(id, 'succeeded')).toMatchObject({ says: 'Done, and checked.' });
  });

  it('is that of the last run, also where an earlier plan began it', async () => {
    const { id } = await failed('again');
    await bench.kernel.say(maria, `resume ${id}`);
    await bench.kernel.settle();
    bench.end('again', 0);
    await bench.becomes(id, 'succeeded');
    appendFileSync(
      join(bench.root, `var/lib/steward-jobs/mrepo/runs/${(await runs(id))[0]}-2/log`),
      'second\n',
    );
    expect((await logOf(id)).text).toBe('got 1 of 4\nlast words of again\nsecond\n');
  });

  it('needs no id in the thread of its request, and a button there asks for the same', async () => {
    const { id } = await failed('here');
    const said = await bench.kernel.say(maria, 'log', id);
    const pressed = await bench.kernel.desk.press({
      who: maria,
      verb: 'log',
      request: id,
      plan: 1,
      place: { kind: 'slack', where: 'C1/1', purpose: 'origin' },
      origin: 'pressed',
    });
    for (const one of [said, pressed]) {
      if (one.kind !== 'request') throw new Error(one.kind);
      expect((await bench.kernel.load(one.id)).text).toBe(`log ${id}`);
    }
    expect(await bench.kernel.say(maria, 'log')).toMatchObject({ kind: 'form' });
    expect(await bench.kernel.say(nobody, `log ${id}`)).toMatchObject({
      kind: 'reply',
      reply: { tone: 'bad' },
    });
  });

  it('is read from its end, and begins with a whole line where it is longer than is given away', async () => {
    const lines = Array.from({ length: 30_000 }, (_, n) => `line ${n} ${'é'.repeat(20)}`);
    const { id } = await failed('long', `${lines.join('\n')}\n`);
    const { requests } = bench.kernel.store;
    const { hostJobs } = bench.kernel.work.world;
    const logs = createJobLogs({ requests, hostJobs, now: () => new Date(), mostBytes: 1_200_000 });
    const log = await logs.last(id, new AbortController().signal);
    if (!log) throw new Error('no log');
    expect(log.text.length).toBeLessThan(log.size);
    expect(Buffer.byteLength(log.text)).toBe(log.size - log.from);
    expect(log.size - log.from).toBeGreaterThan(1_199_900);
    const given = log.text.trimEnd().split('\n');
    expect(given).toEqual(lines.slice(-given.length));
  });

  it.skipIf(!thorough)('of 21 MB is given but for its first megabyte, and says so (thorough)', async () => {
    bench.clock.forward(60_000);
    const { id } = await failed('huge', `${'x'.repeat(98)}\n`.repeat(212_000));
    const { answer, text } = await logOf(id);
    expect(text?.length).toBeGreaterThan(19_999_000);
    expect(answer?.lines?.[1]).toMatch(
      /^That is more than is given away: this is the last 20\.0 MB\. All of it is on mirror in /,
    );
  });

  it('is printed in a terminal, alone where that goes into a file; a day later only its end', async () => {
    const { id } = await failed('printed', 'more\n'.repeat(30_000));
    const { asked, text } = await logOf(id);
    const { desk, store, log } = bench.kernel;
    const http = createHttp({
      ...{ host: '127.0.0.1', port: 0, desk, tokens: store.tokens, files: store.files, log },
      health: async () => ({ ok: true, parts: {} }),
      metrics: async () => '',
      personById: async () => maria,
    });
    const url = `http://127.0.0.1:${(await http.start()).port}`;
    const { token } = await store.tokens.issue('maria', 'test');
    const show = () => steward(['ask', 'show', asked.id], { STEWARD_URL: url, STEWARD_TOKEN: token });
    const now = await show();
    expect({ code: now.code, whole: now.out === text }).toEqual({ code: 0, whole: true });
    expect(now.err).toContain(`Log of ${id}: mrepo on mirror`);
    bench.clock.forward(25 * 60 * 60_000);
    const late = await show();
    expect(late.out).toBe(`${Array(20).fill('more').join('\n')}\n`);
    expect(late.err).toContain(`All of it: steward ask log ${id}`);
    await http.stop();
  });

  it('that its host has no more says so, and so does a request that never began a job', async () => {
    const { id, dir } = await failed('gone');
    rmSync(dir, { recursive: true });
    const { answer, text } = await logOf(id);
    expect(text).toBeNull();
    expect(answer?.lines?.[0]).toContain('It is not there any more. Logs of the five newest runs');
    const denied = await bench.kernel.ask(maria, 'mirror sync never');
    expect((await logOf(denied.id)).answer?.title).toBe(
      `${denied.id} has run nothing that leaves a log on a host`,
    );
    expect((await bench.kernel.ask(maria, 'log r999')).says).toBe('There is no request r999.');
  });

  it('waits for a host that does not answer, and is kept for a day', async () => {
    const { id } = await failed('away');
    await bench.rig.sandbox.misbehave('mirror', 'down');
    const asked = await bench.kernel.ask(maria, `log ${id}`);
    expect(asked).toMatchObject({ status: 'asked', waiting: { reason: 'unavailable' } });
    await bench.rig.sandbox.heal('mirror');
    await bench.becomes(asked.id, 'answered');
    expect(await bench.kernel.store.files.get(asked.id)).not.toBeNull();
    bench.clock.forward(24 * 60 * 60_000);
    expect(await bench.kernel.store.files.get(asked.id)).toBeNull();
  });
});

describe('what is given away of a log', () => {
  it('has nothing in it that cannot be seen, and the lines of a progress bar one below the other', async () => {
    expect(await presentable(Buffer.from('10%\r20%\r\n\x1b[31mred\u202e\n'))).toBe('10%\n20%\nred⟨U+202E⟩\n');
  });

  it('has no password of an address in it', async () => {
    const log =
      'GET https://maria:s3cret@mirror.example.org/os/ and http://mirror.example.org:80/a@b\n\u001b[31mhttps://ghp_t0ken@h/x\u001b[0m http://u:p@s/w@h/ http://u:p@s@h/\n';
    expect(await presentable(Buffer.from(log))).toBe(
      'GET https://***@mirror.example.org/os/ and http://mirror.example.org:80/a@b\nhttps://***@h/x http://***@h/ http://***@h/\n',
    );
  });

  it('has no private key in it, wherever it stands, and all that is far from one', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = String(privateKey.export({ type: 'pkcs1', format: 'pem' }));
    const before = Array.from({ length: 1500 }, (_, n) => `before ${n} ${'.'.repeat(40)}`).join('\n');
    const after = Array.from({ length: 1500 }, (_, n) => `after ${n} ${'.'.repeat(40)}`).join('\n');
    // Also where a piece ends in the middle of it.
    for (const shift of [0, 200, 500, 900]) {
      const log = `${before}\n${'-'.repeat(shift)}\n${key}\n${after}\n`;
      const text = await presentable(Buffer.from(log));
      for (const line of key.split('\n').filter((one) => one.length > 20)) expect(text).not.toContain(line);
      expect(text).toContain('[here lines were taken out');
      expect(text).toContain('before 0 ');
      expect(text).toContain('after 1499 ');
    }
  });
});
