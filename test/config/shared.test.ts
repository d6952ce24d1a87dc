import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import builderDisable from '../../commands/builder-disable/command.ts';
import builderList from '../../commands/builder-list/command.ts';
import { loadConfig } from '../../config/load.ts';
import { type Command, defineCommand } from '../../src/core/command.ts';
import { createRegistry } from '../../src/core/registry.ts';
import { makeSite, type TestSite } from './site.ts';

const library = z.strictObject({ shelf: z.string().optional(), rooms: z.number().default(2) });

function reading(name: string, settings: z.ZodType = library): Command {
  const answer = { kind: 'answer', title: 'x', verdict: 'ok' } as const;
  const rest = { summary: 'x', params: z.object({}), risk: 'read', ask: ['admin'] } as const;
  return defineCommand({
    ...rest,
    ...{ name, settings, shared: 'library' },
    examples: [name],
    plan: async () => answer,
  });
}

const registry = createRegistry([reading('book list'), reading('book show'), builderList, builderDisable]);

let site: TestSite;
beforeAll(async () => {
  site = await makeSite();
});
afterAll(() => site.remove());

async function load(more: object) {
  const { hub, hosts } = site.settings() as { hub: Record<string, unknown>; hosts: unknown };
  const { url, ca, cert, key } = hub;
  writeFileSync(site.file, stringify({ hub: { url, ca, cert, key }, hosts, ...more }), { mode: 0o600 });
  const loaded = await loadConfig(site.file, { registry, role: 'all', env: site.env });
  return loaded.ok
    ? { settings: loaded.config.site.settings }
    : { problems: loaded.problems.map(({ path, says }) => `${path}: ${says}`) };
}

describe('settings that several commands share', () => {
  it('are written once, and each of the commands has them', async () => {
    const { settings } = await load({ shared: { library: { shelf: 'A' } } });
    expect(settings?.('book list')).toEqual({ shelf: 'A', rooms: 2 });
    expect(settings?.('book show')).toEqual({ shelf: 'A', rooms: 2 });
    expect(settings?.('builder list')).toBeUndefined();
    expect((await load({})).settings?.('book list')).toEqual({ rooms: 2 });
  });

  it('are refused once where they are wrong, with their place', async () => {
    const { problems } = await load({ shared: { library: { shelv: 'A' }, libary: {} } });
    expect(problems).toEqual([
      'shared.library.shelv: is not a setting. Did you mean shelf? Accepted here: shelf, rooms.',
      'shared.libary: no command has shared settings of this name. Did you mean library? Names: library.',
    ]);
  });

  it('are not taken from the part of one command', async () => {
    const { problems } = await load({ commands: { 'book list': { settings: { shelf: 'A' } } } });
    expect(problems).toEqual([
      'commands."book list".settings: the settings of `book list` stand at shared.library',
    ]);
  });

  it('are one schema, or the program does not start', () => {
    const other = reading('book burn', z.strictObject({}));
    expect(() => createRegistry([reading('book list'), other])).toThrow(/other settings for library/);
  });
});
