import { expect, it } from 'vitest';
import { type NewEvent, STEWARD } from '../../src/core/events.ts';
import type { Fence, LockStore, Summary } from '../../src/core/store.ts';
import { createStore } from '../../src/store/store.ts';
import { describeDatabases } from '../support/databases.ts';

const LEASE = 10_000;
const SUMMARY: Summary = { status: 'running', command: 'x', text: 'x', asker: 'a', title: '', due: null };
const failed: NewEvent = { type: 'failed', by: STEWARD, data: { says: 'x' } };

async function take(locks: LockStore, owner: string, names: string[], holder = owner): Promise<Fence> {
  const how = await locks.acquire(owner, holder, names, LEASE);
  if (!how.held) throw new Error(`${owner} waits for ${how.owner}`);
  return how.fence;
}

describeDatabases('locks', ({ database }) => {
  let clock = new Date('2030-01-01T00:00:00Z');
  const later = (ms: number): void => {
    clock = new Date(clock.getTime() + ms);
  };
  const open = (): ReturnType<typeof createStore> => createStore(database(), { now: () => clock });
  const waits = (owner: string, ahead: number): unknown =>
    expect.objectContaining({ held: false, owner, ahead });

  it('gives all of the names or none', async () => {
    const { locks } = open();
    await take(locks, 'r1', ['all:b']);
    expect(await locks.acquire('r2', 'h', ['all:a', 'all:b'], LEASE)).toEqual({
      held: false,
      name: 'all:b',
      owner: 'r1',
      ahead: 1,
    });
    expect((await locks.all()).map(({ name }) => name)).not.toContain('all:a');
    await locks.release('r1');
    await take(locks, 'r2', ['all:a', 'all:b']);
    await locks.release('r2');
    expect((await locks.all()).filter(({ name }) => name.startsWith('all:'))).toEqual([]);
  });

  it('lets nobody past those who came first, and says how many are ahead', async () => {
    const { locks } = open();
    await take(locks, 'r1', ['line']);
    expect(await locks.acquire('r2', 'h', ['line'], LEASE)).toEqual(waits('r1', 1));
    expect(await locks.acquire('r3', 'h', ['line', 'other'], LEASE)).toEqual(waits('r1', 2));
    await locks.release('r1');
    expect(await locks.acquire('r3', 'h', ['line', 'other'], LEASE)).toEqual(waits('r2', 1));
    // Nobody has `other`, but somebody who came earlier waits for it.
    expect(await locks.acquire('r4', 'h', ['other'], LEASE)).toEqual(waits('r3', 1));
    await take(locks, 'r2', ['line']);
    await locks.release('r2');
    await take(locks, 'r3', ['line', 'other']);
    await locks.release('r3');
    await take(locks, 'r4', ['other']);
    await locks.release('r4');
  });

  it('forgets a place in line that was not asked for again for a minute', async () => {
    const { locks } = open();
    await take(locks, 'r1', ['forget']);
    await locks.acquire('r2', 'h', ['forget'], LEASE);
    await locks.release('r1');
    expect(await locks.acquire('r3', 'h', ['forget'], LEASE)).toEqual(waits('r2', 1));
    later(61_000);
    await take(locks, 'r3', ['forget']);
    await locks.release('r3');
  });

  it('never lets two wait for each other', async () => {
    const { locks } = open();
    await take(locks, 'r0', ['x', 'y']);
    await locks.acquire('r1', 'h', ['x'], LEASE);
    await locks.acquire('r2', 'h', ['y'], LEASE);
    await locks.acquire('r1', 'h', ['x', 'y'], LEASE);
    await locks.acquire('r2', 'h', ['x', 'y'], LEASE);
    await locks.release('r0');
    expect(await locks.acquire('r2', 'h', ['x', 'y'], LEASE)).toEqual(waits('r1', 1));
    await take(locks, 'r1', ['x', 'y'], 'h');
    await locks.release('r1');
    await take(locks, 'r2', ['x', 'y'], 'h');
    await locks.release('r2');
  });

  it('lets a second attempt of a request wait for the first, until its lease ends', async () => {
    const { locks } = open();
    const first = await take(locks, 'r1', ['again'], 'one');
    expect(await locks.acquire('r1', 'two', ['again'], LEASE)).toEqual(waits('r1', 1));
    expect(await locks.renew(first, LEASE)).toBe(true);
    later(LEASE + 1);
    const second = await take(locks, 'r1', ['again'], 'two');
    expect(await locks.renew(first, LEASE)).toBe(false);
    expect(await locks.renew(second, LEASE)).toBe(true);
    // The first attempt, late, gives back only what is its own: nothing.
    await locks.release('r1', first);
    expect(await locks.renew(second, LEASE)).toBe(true);
    await locks.release('r1', second);
    expect(await locks.renew(second, LEASE)).toBe(false);
  });

  it('numbers every taking of a lock higher, also after it was given back', async () => {
    const { locks } = open();
    const tokens: number[] = [];
    for (let n = 0; n < 3; n++) {
      tokens.push((await take(locks, 'r1', ['number'])).locks[0]?.token ?? 0);
      await locks.release('r1');
    }
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(3);
  });

  it('lets nobody write whose lock was taken over', async () => {
    const { locks, requests } = open();
    const { id } = await requests.create('fenced', () => ({ events: [failed], summary: SUMMARY }));
    const old = await take(locks, id, ['fence:a', 'fence:b']);
    expect(await requests.append(id, 1, [failed], SUMMARY, old)).toBe('written');
    // A lease that ended is no loss while nobody took the lock.
    later(LEASE + 1);
    expect(await requests.append(id, 2, [failed], SUMMARY, old)).toBe('written');
    const other = await take(locks, 'r9', ['fence:b']);
    expect(await requests.append(id, 3, [failed], SUMMARY, old)).toBe('fenced');
    expect(await locks.renew(old, LEASE)).toBe(false);
    await locks.release('r9');
    expect(await requests.append(id, 3, [failed], SUMMARY, old)).toBe('fenced');
    expect(await requests.append(id, 3, [failed], SUMMARY, { ...other, owner: id })).toBe('fenced');
    expect(await requests.events(id)).toHaveLength(3);
  });

  it('gives a lock to one of many who ask at the same moment', async () => {
    const { locks } = createStore(database());
    const owners = Array.from({ length: 20 }, (_, n) => `r${n}`);
    const answers = await Promise.all(
      owners.map((owner, n) => locks.acquire(owner, owner, n % 2 ? ['m1', 'm2'] : ['m2', 'm1'], LEASE)),
    );
    expect(answers.filter(({ held }) => held)).toHaveLength(1);
    // Then in turn, whoever asks in whatever order.
    let done = answers.findIndex(({ held }) => held);
    const left = new Set(owners.keys());
    while (left.size > 0) {
      left.delete(done);
      await locks.release(`r${done}`);
      const next = await Promise.all(
        [...left].map((n) =>
          locks.acquire(`r${n}`, `r${n}`, ['m1', 'm2'], LEASE).then((how) => ({ n, how })),
        ),
      );
      const held = next.filter(({ how }) => how.held);
      expect(held).toHaveLength(Math.min(1, left.size));
      done = held[0]?.n ?? -1;
    }
  });

  it('keeps parked ones for their owner, who gets them at once and before those in line', async () => {
    const { locks } = open();
    const fence = await take(locks, 'r1', ['parked']);
    expect(await locks.park(fence, 10 * LEASE)).toBe(true);
    later(LEASE + 1);
    expect(await locks.acquire('r2', 'h', ['parked'], LEASE)).toEqual(waits('r1', 1));
    expect((await locks.all()).map(({ name, owner }) => [name, owner])).toContainEqual(['parked', 'r1']);
    const next = await take(locks, 'r1', ['parked'], 'another');
    // The first attempt can write nothing any more, nor park or give back what is not its own now.
    expect(await locks.park(fence, LEASE)).toBe(false);
    await locks.release('r1', fence);
    expect(await locks.acquire('r2', 'h', ['parked'], LEASE)).toEqual(waits('r1', 1));
    // A worker that dies with parked locks holds up only its own request, and only for its lease.
    later(LEASE + 1);
    expect(await locks.acquire('r2', 'h', ['parked'], LEASE)).toEqual(waits('r1', 1));
    const last = await take(locks, 'r1', ['parked'], 'a third');
    expect(await locks.renew(next, LEASE)).toBe(false);
    await locks.release('r1', last);
    await take(locks, 'r2', ['parked']);
    await locks.release('r2');
  });

  it('keeps parked ones only for so long, and no longer than wanted', async () => {
    const { locks } = open();
    const fence = await take(locks, 'r1', ['while']);
    await locks.park(fence, 10 * LEASE, 'hold');
    // It is still held: another attempt of the same request has to wait.
    expect(await locks.acquire('r1', 'other', ['while'], LEASE)).toEqual(waits('r1', 1));
    await locks.park(fence, 0, 'hold');
    later(LEASE + 1);
    await locks.park(await take(locks, 'r2', ['while']), 10 * LEASE);
    later(10 * LEASE + 1);
    await take(locks, 'r3', ['while']);
    await locks.release('r3');
    expect((await locks.all()).filter(({ name }) => name === 'while')).toEqual([]);
  });
});
