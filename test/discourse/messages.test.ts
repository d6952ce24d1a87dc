import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Kernel, startKernel } from '../support/kernel.ts';
import { makeClock, startWriting, type Writing } from './writing.ts';

const MARIA = 101;
const TEXT = 'Your code is 4711-0815, and nobody else may read it.';
const DAY = 24 * 3_600_000;
const clock = makeClock();
let kernel: Kernel;
let rig: Writing;

beforeAll(async () => {
  kernel = await startKernel({ now: clock.now });
});
afterEach(async () => {
  clock.forward(DAY);
  await rig.close();
});
afterAll(() => kernel.close());

async function begin(options: Partial<Parameters<typeof startWriting>[0]> = {}) {
  rig = await startWriting({ kernel, clock, ...options });
}
let count = 0;
const key = () => `test:${count++}`;
const send = (of: string, userId = MARIA, title = 'A code', text = TEXT) =>
  rig.ours().messages.send(userId, of, title, text);

describe('a private message', () => {
  it('goes to the one person, and once for each key, in another process too', async () => {
    await begin();
    const one = key();
    expect(await send(one)).toBe('sent');
    expect(await send(one)).toBe('sent');
    rig.again();
    expect(await send(one)).toBe('sent');
    expect(rig.messages('maria')).toEqual([`A code\n${TEXT}`]);
    const [topic] = rig.pretend.messages('maria');
    expect(topic?.users).toEqual([rig.pretend.bot.id, MARIA]);
    expect(topic?.groups).toEqual([]);
  });

  it('goes nowhere when somebody else has the name by now', async () => {
    await begin();
    rig.pretend.rename('maria', 'maria_r');
    rig.pretend.rename('newcomer', 'maria');
    expect(await send(key())).toBe('nobody');
    expect(rig.messages('maria')).toEqual([]);
    rig.names.set(MARIA, 'maria_r');
    expect(await send(key())).toBe('sent');
    expect(rig.messages('maria_r')).toHaveLength(1);
  });

  it('goes nowhere when a group is called the same', async () => {
    await begin();
    rig.pretend.makeGroup('maria', ['adam', 'bea']);
    expect(await send(key())).toBe('nobody');
    expect(rig.messages('adam')).toEqual([]);
    expect(rig.log.lines.join()).toContain('a group has the same name');
  });

  it.each(['maria,koji-admins', 'maria@example.org', 'ma ria', '../groups/koji-admins', ''])(
    'goes nowhere when the name is “%s”',
    async (name) => {
      await begin();
      rig.names.set(MARIA, name);
      expect(await send(key())).toBe('nobody');
      expect(rig.writes()).toEqual([]);
    },
  );

  it('goes nowhere for an account whose name is not known', async () => {
    await begin();
    expect(await send(key(), 4040)).toBe('nobody');
  });

  it('is sent another time when the forum does not say whose the name is', async () => {
    await begin();
    const one = key();
    rig.pretend.misbehave({ on: /^\/u\//u, status: 502, html: true });
    expect(await send(one)).toBe('not-now');
    rig.pretend.misbehave({ on: /^\/groups\//u, status: 502, html: true });
    expect(await send(one)).toBe('not-now');
    expect(rig.writes()).toEqual([]);
    expect(await send(one)).toBe('sent');
  });

  it('is repeated after a lost answer, and arrives once', async () => {
    await begin();
    rig.pretend.misbehave({ method: 'POST', lostAnswer: true });
    expect(await send(key())).toBe('sent');
    expect(rig.messages('maria')).toHaveLength(1);
    expect(rig.writes()).toHaveLength(2);
  });

  it('is not repeated when too long has passed, as the forum would send it twice', async () => {
    await begin();
    const one = key();
    rig.pretend.misbehave({ method: 'POST', lostAnswer: true, times: 9 });
    expect(await send(one)).toBe('sent');
    const tried = rig.writes().length;
    rig.pretend.behave();
    rig.again();
    clock.forward(150_000);
    expect(await send(one)).toBe('sent');
    expect(rig.writes()).toHaveLength(tried);
    expect(rig.messages('maria')).toHaveLength(1);
  });

  it('is repeated by another process within that time, if it is the same to the letter', async () => {
    await begin({ deadlineMs: 100 });
    const [one, other] = [key(), key()];
    rig.pretend.misbehave({ method: 'POST', down: true, times: 6 });
    await send(one);
    await send(other);
    rig.again();
    expect(await send(one)).toBe('sent');
    expect(await send(other, MARIA, 'A code', 'Quite another text about quite another code.')).toBe('sent');
    expect(rig.messages('maria')).toEqual([`A code\n${TEXT}`]);
  });

  it('goes to nobody who does not take it, and may be sent when the forum lets us', async () => {
    await begin();
    const one = key();
    rig.pretend.misbehave({ silenced: true });
    expect(await send(one)).toBe('nobody');
    clock.forward(150_000);
    expect(await send(one)).toBe('sent');
  });

  it('is one of at most twenty a day', async () => {
    await begin();
    const sent: string[] = [];
    for (let n = 0; n < 21; n++) sent.push(await send(key(), MARIA, 'A code', `${TEXT} (${n})`));
    expect(sent.filter((one) => one === 'sent')).toHaveLength(20);
    expect(sent.at(-1)).toBe('not-now');
    clock.forward(DAY);
    expect(await send(key(), MARIA, 'A code', `${TEXT} Tomorrow.`)).toBe('sent');
  });

  it('that was only asked for is one of three a day for each, and of a day that is over nothing is kept', async () => {
    await begin();
    const wanted = async (n: number) => send(`secret:${key()}`, MARIA, 'A code', `${TEXT} Number ${n}.`);
    const sent = [await wanted(1), await wanted(2), await wanted(3), await wanted(4)];
    expect(sent).toEqual(['sent', 'sent', 'sent', 'not-now']);
    expect(await send(key(), MARIA, 'A code', `${TEXT} It must be told.`)).toBe('sent');
    clock.forward(DAY);
    expect(await wanted(5)).toBe('sent');
    const kept = await kernel.store.notes.get('discourse:messages');
    expect(kept).toEqual({ day: clock.now().toISOString().slice(0, 10), count: 1, wanted: { [MARIA]: 1 } });
  });

  it('never holds a private key, and its text is kept nowhere', async () => {
    await begin();
    const pem = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(64)}\n-----END PRIVATE KEY-----`;
    expect(await send(key(), MARIA, 'Your key', pem)).toBe('nobody');
    expect(rig.writes()).toEqual([]);
    await send(key());
    const kept = await kernel.database.query('select value from steward.notes');
    expect(JSON.stringify(kept)).not.toContain('4711-0815');
    expect(rig.log.lines.join('\n')).not.toContain('4711-0815');
  });
});
