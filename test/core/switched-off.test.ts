import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ruleOf, strictest } from '../../src/core/policy.ts';
import { PEOPLE } from '../support/kernel.ts';
import { type Bench, startBench, told } from './support.ts';

const { maria, adam } = PEOPLE;
const OFF = 'it needs what this site does not give';

let bench: Bench;
const off = new Set<string>();
beforeAll(async () => {
  bench = await startBench();
  const { site } = bench.kernel;
  // The same site, between two starts of which its config changes.
  const { registry } = site;
  site.rule = (name) => {
    const command = registry.get(name);
    if (!command) throw new Error(`no command ${name}`);
    const rule = ruleOf(command);
    return off.has(name) ? { ...rule, off: OFF } : rule;
  };
});
afterAll(() => bench.kernel.close());
beforeEach(async () => {
  off.clear();
  await bench.reset();
});

it('a command that is switched off cannot be asked for by anybody, and says why and who can change it', async () => {
  off.add('builder capacity');
  const said = told(await bench.kernel.say(adam, 'builder capacity builder2 8'));
  expect(said).toBe(
    `Steward does not do \`builder capacity\` here. If you need it, ask whoever runs Steward: they can switch it on. It is switched off here: ${OFF}.`,
  );
  expect(told(await bench.kernel.say(adam, 'help builder capacity'))).toContain('is switched off here');
  const help = await bench.kernel.say(adam, 'help');
  expect(JSON.stringify(help)).toContain('builder disable');
  expect(JSON.stringify(help)).not.toContain('builder capacity');
});

it('what was approved while it was on is not carried out once it is off', async () => {
  const { id } = await bench.kernel.ask(maria, 'builder capacity builder2 8');
  await bench.kernel.say(adam, `approve ${id}`);
  off.add('builder capacity');
  await bench.kernel.settle();
  expect(await bench.kernel.load(id)).toMatchObject({
    status: 'failed',
    says: `\`builder capacity\` is switched off here: ${OFF}.`,
  });
  expect(bench.calls('editHost')).toBe(0);
});

it('an undo of which one part is switched off is switched off', async () => {
  const { id } = await bench.kernel.ask(maria, 'builder capacity builder2 8');
  await bench.kernel.say(adam, `approve ${id}`);
  await bench.kernel.settle();
  off.add('builder capacity');
  expect(told(await bench.kernel.say(maria, `undo ${id}`))).toContain('is switched off here');
  const rule = bench.kernel.site.rule('builder capacity');
  expect(strictest([bench.kernel.site.rule('builder disable'), rule]).off).toBe(OFF);
});
