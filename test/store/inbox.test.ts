import { expect, it } from 'vitest';
import { Unavailable } from '../../src/core/refused.ts';
import { createInbox } from '../../src/store/inbox.ts';
import { createStore } from '../../src/store/store.ts';
import { describeDatabases } from '../support/databases.ts';
import { until } from '../support/process.ts';

describeDatabases('the inbox', ({ database, postgres }) => {
  it('knows what it has seen before, at once and later', async () => {
    const { inbox } = createStore(database());
    const put = (id: string): Promise<string> => inbox.put({ id, source: 'a', body: { id } });
    expect(await Promise.all(['x', 'y', 'x', 'x'].map(put))).toEqual(['new', 'new', 'seen', 'seen']);
    expect(await put('y')).toBe('seen');
  });

  it('commits what comes together as one', async () => {
    let statements = 0;
    const counting = {
      ...database(),
      query: (...args: Parameters<ReturnType<typeof database>['query']>) => {
        statements++;
        return database().query(...args);
      },
    };
    const inbox = createInbox(counting, () => new Date());
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) => inbox.put({ id: `group-${n}`, source: 'b', body: { n } })),
    );
    expect(new Set(answers)).toEqual(new Set(['new']));
    expect(statements).toBeLessThanOrEqual(3);
  });

  it('gives what is not done, oldest first, leaving what is young', async () => {
    let clock = new Date('2030-01-01T00:00:00Z');
    const { inbox } = createStore(database(), { now: () => clock });
    for (const id of ['p1', 'p2', 'p3']) await inbox.put({ id, source: 'c', body: { id } });
    await inbox.done('p2');
    clock = new Date('2030-01-01T00:00:10Z');
    await inbox.put({ id: 'p4', source: 'c', body: {} });
    const ids = async (age: number): Promise<string[]> =>
      (await inbox.pending('c', age, 9)).map(({ id }) => id);
    expect(await ids(5_000)).toEqual(['p1', 'p3']);
    expect(await ids(0)).toEqual(['p1', 'p3', 'p4']);
    expect(await inbox.pending('c', 5_000, 1)).toEqual([{ id: 'p1', body: { id: 'p1' } }]);
    expect(await inbox.put({ id: 'p2', source: 'c', body: {} })).toBe('seen');
  });

  it('takes any text', async () => {
    const { inbox } = createStore(database());
    const text = 'nul \0 lone \ud800 \u202e quote " \\ {}';
    expect(await inbox.put({ id: 'odd\0', source: 'd', body: { text, 'k\0': '\udc00' } })).toBe('new');
    expect(await inbox.put({ id: 'odd', source: 'd', body: {} })).toBe('seen');
    expect(await inbox.pending('d', 0, 1)).toEqual([
      { id: 'odd', body: { text: 'nul  lone \ufffd \u202e quote " \\ {}', k: '\ufffd' } },
    ]);
    await inbox.done('odd\0');
    expect(await inbox.pending('d', 0, 1)).toEqual([]);
  });

  it('says within its deadline that the database hangs or is away, and goes on after', async () => {
    const server = postgres();
    if (server === undefined) return;
    const { inbox } = createStore(database());
    const put = async (id: string): Promise<number> => {
      const start = Date.now();
      await expect(inbox.put({ id, source: 'e', body: {} })).rejects.toThrow(Unavailable);
      return Date.now() - start;
    };
    server.pause();
    expect(Math.max(...(await Promise.all([put('e1'), put('e2')])))).toBeLessThan(1_900);
    server.resume();
    await server.restart();
    await until(() => inbox.put({ id: 'e3', source: 'e', body: {} }).then(Boolean, () => false));
  });
});
