import { expect, it } from 'vitest';
import type { Notice } from '../../src/core/notice.ts';
import type { Database } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';

const notice = (key: string, over: Partial<Notice> = {}): Notice => ({
  key,
  to: { kind: 'approvers' },
  title: `About ${key}`,
  lines: ['One line.', ''],
  ...over,
});

/** What messages do on any database. */
export function noticeTests(database: () => Database): void {
  const open = () => createStore(database()).notices;
  const pending = async () => (await open().pending(50)).map(({ notice: { key } }) => key);

  it('are stored once for each key, however often and at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => open().put(notice('once'))));
    expect(answers.filter((how) => how === 'new')).toHaveLength(1);
    expect(await open().put(notice('once', { title: 'Another' }))).toBe('seen');
    const [first] = await open().pending(50);
    expect(first).toEqual({
      notice: { ...notice('once'), texts: [], next: [] },
      ways: {},
    });
    await open().delivered('once');
  });

  it('are for ever: what was delivered is not stored again', async () => {
    await open().put(notice('gone'));
    await open().delivered('gone');
    expect(await open().put(notice('gone'))).toBe('seen');
    expect(await pending()).toEqual([]);
  });

  it('cover other keys, which are no message any more', async () => {
    await open().put(notice('tight'), ['loose', 'looser']);
    expect(await open().put(notice('loose'))).toBe('seen');
    expect(await open().seen(['tight', 'loose', 'other'])).toEqual(new Set(['tight', 'loose']));
    // One that was there already covers nothing.
    await open().put(notice('tight'), ['later']);
    expect(await open().put(notice('later'))).toBe('new');
    expect(await pending()).toEqual(['tight', 'later']);
    await Promise.all([open().delivered('tight'), open().delivered('later')]);
  });

  it('are remembered way by way, and what was tried last comes last', async () => {
    let at = 1_000;
    const now = (): Date => {
      at += 1_000;
      return new Date(at);
    };
    const ticking = createStore(database(), { now }).notices;
    for (const key of ['a', 'b', 'c'])
      await ticking.put(notice(key, { to: { kind: 'audience', name: 'packagers' } }));
    await Promise.all([
      ticking.keep('a', 'slack', { posted: 'C1/1.2' }),
      ticking.keep('a', 'forum', { tries: 2 }),
    ]);
    const found = await ticking.pending(2);
    expect(found.map((one) => one.notice.key)).toEqual(['b', 'c']);
    const [, , a] = await ticking.pending(3);
    expect(a?.ways).toEqual({ slack: { posted: 'C1/1.2' }, forum: { tries: 2 } });
    expect(await ticking.waiting()).toEqual({ count: 3, since: new Date(2_000) });
    for (const key of ['a', 'b', 'c']) await ticking.delivered(key);
    expect(await ticking.waiting()).toEqual({ count: 0, since: null });
  });

  it('hold no private key, and nothing that cannot be shown whole', async () => {
    const key =
      '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----';
    const bad: readonly [Partial<Notice>, RegExp][] = [
      [{ lines: key.split('\n') }, /private key/],
      [{ texts: [{ title: 'Copy', text: key }] }, /private key/],
      [{ title: '' }, /title has to be one line/],
      [{ title: 'x'.repeat(141) }, /141 characters, of 140/],
      [{ lines: ['x'.repeat(501)] }, /501 characters, of 500/],
      [{ lines: Array.from({ length: 41 }, () => 'x') }, /41 lines, of 40/],
      [{ lines: Array.from({ length: 20 }, () => 'x'.repeat(400)) }, /8020 characters, of 5000/],
    ];
    for (const [over, says] of bad) await expect(open().put(notice('bad', over))).rejects.toThrow(says);
    expect(await pending()).toEqual([]);
  });

  it('take every text that people write', async () => {
    const odd = 'a\0b \ud800 \u202e <!channel> ` ``` ~ é 😀';
    await open().put(notice('odd', { lines: [odd] }));
    const [first] = await open().pending(1);
    expect(first?.notice.lines).toEqual(['ab \ufffd \u202e <!channel> ` ``` ~ é 😀']);
    await open().delivered('odd');
  });
}
