import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mayDo } from '../../src/core/rights.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, startBench } from './support.ts';

const { maria, adam, bea } = PEOPLE;

let bench: Bench;
beforeAll(async () => {
  // What a packager may ask for, and only an admin may take back.
  bench = await startBench({ tighten: { 'builder enable': { ask: ['admin'] } } });
});
afterAll(() => bench.kernel.close());
beforeEach(() => bench.reset());

const asked = async (line: string): Promise<string> => (await bench.kernel.ask(maria, line)).id;
async function approved(line: string): Promise<string> {
  const id = await asked(line);
  for (const who of [adam, bea]) await bench.kernel.say(who, `approve ${id}`);
  return id;
}
async function done(line: string): Promise<string> {
  const id = await approved(line);
  await bench.kernel.settle();
  return id;
}

/** Requests of maria in each state that offers something to do. */
const STATES = {
  planned: () => asked('builder disable builder2 because=x'),
  approved: () => approved('builder disable builder2 because=x'),
  succeeded: () => done('builder disable builder2 because=x'),
  'succeeded, and everybody who asked may undo': () => done('builder capacity builder2 8'),
  async unknown() {
    const id = await approved('repo regen foreman-nightly-el8-build');
    await bench.kernel.hub.misbehave({ kind: 'lose-session', method: 'newRepo' });
    await bench.kernel.settle();
    return id;
  },
  async failed() {
    const id = await approved('builder comment builder2 hello');
    bench.guard.now = { text: 'x', holds: false, saw: 'y' };
    await bench.kernel.settle();
    return id;
  },
} as const;

const cardOf = async (id: string) => {
  const card = await bench.kernel.desk.card(id);
  if (!card) throw new Error(`no ${id}`);
  return card;
};
const press = async (id: string, verb: string, who: (typeof PEOPLE)[keyof typeof PEOPLE]) => {
  const said = await bench.kernel.desk.press({
    who,
    verb,
    request: id,
    plan: (await cardOf(id)).plan,
    because: 'why',
    place: { kind: 'terminal', where: 'test', purpose: 'origin' },
    origin: `press:${id}:${verb}:${who.id}`,
  });
  return said.kind === 'request' ? 'taken' : said.kind === 'form' ? 'form' : said.reply.tone;
};

describe.each(Object.keys(STATES) as (keyof typeof STATES)[])('a request that is %s', (state) => {
  it('says of each thing that it offers who may, and refuses exactly the others', async () => {
    const offered = (await cardOf(await STATES[state]())).actions.map(({ verb }) => verb);
    expect(offered.length).toBeGreaterThan(0);
    for (const verb of offered) {
      await bench.reset();
      const id = await STATES[state]();
      const card = await cardOf(id);
      const may = card.actions.find((one) => one.verb === verb)?.may;
      if (!may) throw new Error(`${verb} is not offered again`);
      expect(may.says).not.toBe('');
      const people = Object.values(PEOPLE);
      const allowed = people.filter((who) => mayDo(who, { id: card.asker }, may));
      for (const who of people.filter((one) => !allowed.includes(one)))
        expect([verb, who.id, await press(id, verb, who)]).toEqual([verb, who.id, 'bad']);
      expect((await cardOf(id)).seq).toBe(card.seq);
      const [first] = allowed;
      if (!first) throw new Error(`nobody may ${verb}`);
      expect([verb, first.id, await press(id, verb, first)]).not.toContain('bad');
    }
  });
});

it('a packager’s own request whose undo is for admins says so, and one that nobody may undo offers none', async () => {
  const id = await STATES.succeeded();
  const [undo] = (await cardOf(id)).actions;
  expect(undo).toMatchObject({ line: `undo ${id}`, may: { says: 'an admin' } });
  const resume = (await cardOf(await STATES.failed())).next;
  expect(resume).toMatch(
    /^Mend the cause, then `resume r\d+` \(maria until \d{4}-\d\d-\d\d, or an admin\)\.$/,
  );
});
