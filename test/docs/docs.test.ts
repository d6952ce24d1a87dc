import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configSchema } from '../../config/schema.ts';
import { run } from '../../src/cli/run.ts';
import { metaOf } from '../../src/core/field-meta.ts';
import { readForm } from '../../src/core/form-text.ts';
import { parse as parseLine } from '../../src/core/parse.ts';
import { scanCommands } from '../../src/core/registry.ts';
import { VERBS } from '../../src/core/verbs.ts';
import { readPost } from '../../src/discourse/post-text.ts';

const root = new URL('../../', import.meta.url);
const PAGES = ['README.md', 'docs/running.md', 'docs/security.md'];
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');
const registry = await scanCommands(new URL('commands/', root));

/** Lines of shell, and the words between backticks. */
async function snippets(page: string): Promise<readonly string[]> {
  const found: string[] = [];
  let fence: string | null = null;
  for (const line of (await read(page)).split('\n')) {
    const opened = /^ *```(\w*)$/.exec(line)?.[1];
    if (opened !== undefined) fence = fence === null ? opened : null;
    else if (fence === 'sh' || fence === '') found.push(line.trim());
    else if (fence === null) for (const [, word = ''] of line.matchAll(/`([^`]+)`/g)) found.push(word.trim());
  }
  return found;
}

/** What a call of `steward` says, with the config left out so that it stops before it does anything. */
async function says(argv: readonly string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await run(argv, {
    out: async (more) => {
      text += more;
    },
    err: (more) => {
      text += more;
    },
    style: { columns: 200, colour: false },
    env: { HOME: '/nonexistent' },
    signal: new AbortController().signal,
  });
  return { code, text };
}

describe.each(PAGES)('%s', (page) => {
  it('names only subcommands and options of `steward` that exist', async () => {
    const lines = (await snippets(page)).flatMap(
      (line) => /^(?:sudo )?steward ([^|#]*)/.exec(line)?.[1] ?? [],
    );
    if (page === 'docs/running.md') expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) {
      const words = line.trim().split(/\s+/);
      const [first, second] = words;
      if (first === 'ask' || first === '--help') continue;
      // A family of subcommands, in prose.
      if (words.length === 1 && ['token', 'audit', 'host'].includes(first ?? '')) continue;
      const nowhere = words.map((word, at) => (words[at - 1] === '--config' ? '/nonexistent.yaml' : word));
      const filled = nowhere
        .join(' ')
        .replace(/<the head[^>]*>/g, '0'.repeat(64))
        .split(' ');
      if (!filled.includes('--config')) filled.push('--config', '/nonexistent.yaml');
      if (second === 'issue' && !filled[2]?.match(/^[a-z<]/)) filled.splice(2, 0, 'somebody');
      if (second === 'revoke' && !filled[2]?.match(/^[a-z<]/)) filled.splice(2, 0, 't1');
      const said = first === 'serve' ? await says(['--help']) : await says(filled);
      if (first !== 'serve') expect(said.text, line).toContain('there is no such file');
    }
  });

  it('shows only lines to Steward that it understands', async () => {
    for (const line of await snippets(page)) {
      const asked = /^(?:\/koji|steward ask) (?:--[a-z-]+ )*(.+)$/.exec(line)?.[1];
      if (asked === undefined || asked.includes('…')) continue;
      const parsed = parseLine(asked, registry);
      expect(parsed.kind, line).toMatch(/^(command|verb)$/);
      expect('problems' in parsed ? parsed.problems : {}, line).toEqual({});
    }
  });

  it('names only files of this repository that exist', async () => {
    const text = await read(page);
    const folder = new URL(page, root);
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
      expect(existsSync(new URL(target, folder)), `${page} → ${target}`).toBe(true);
    const named =
      /(?:^|[\s`/])((?:config|deploy|commands|docs|src|scripts)\/[\w./*-]+|docker-compose\.yml|Dockerfile)/g;
    for (const [, path = ''] of text.matchAll(named)) {
      if (path === 'config/steward.yaml' || path.startsWith('src/cli.js')) continue;
      const fixed = path.replace(/[.*]*\*.*$/, '').replace(/\.$/, '');
      expect(existsSync(new URL(fixed, root)), `${page}: ${path}`).toBe(true);
    }
  });

  it('names only settings that the config has', async () => {
    const top = Object.keys(configSchema.shape);
    for (const [, path = ''] of (await read(page)).matchAll(/`([a-zA-Z]+\.[a-zA-Z.<>]+)(?::[^`]*)?`/g)) {
      const [first = ''] = path.split('.');
      if (!top.includes(first) || /\.(yaml|json|ts|md|com)$/.test(path)) continue;
      const keys = path.split('.');
      const shared =
        first === 'shared' ? registry.all.find((command) => command.shared === keys[1]) : undefined;
      const found = shared ? settingAt(shared.settings, keys.slice(2)) : settingAt(configSchema, keys);
      expect(found, `${page}: ${path}`).not.toBeNull();
    }
  });
});

it('docs/running.md shows a config that the schema takes', async () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(await read('docs/running.md')) ?? [];
  expect(configSchema.safeParse(parse(yaml)).error?.issues).toBeUndefined();
});

it('docs/running.md lists every metric of our own that it names, as the program writes it', async () => {
  const source = await read('src/metrics.ts');
  const named = [...(await read('docs/running.md')).matchAll(/`(steward_[a-z_]+)[`{]/g)].map(
    ([, name = '']) => name,
  );
  const metrics = named.filter((name) => name !== 'steward_owner');
  expect(metrics.length).toBeGreaterThan(2);
  for (const name of metrics) expect(source, name).toContain(`'${name}'`);
});

describe('docs/running.md, section 6', async () => {
  const page = await read('docs/running.md');
  const shared = new Map(registry.all.flatMap((one) => (one.shared ? [[one.shared, one.settings]] : [])));

  it.each([...shared.keys()])('has each setting of `shared.%s`, with what it is if not given', (name) => {
    const rows = [...page.matchAll(/^\| (`shared\..*?) \| (.*?) \| .* \|$/gm)].flatMap(
      ([, names = '', otherwise = '']) =>
        [...names.matchAll(/`(shared\.[\w.]+)`/g)].map(([, path = '']) => [path, otherwise] as const),
    );
    const said = new Map(rows);
    const schema = shared.get(name);
    const defaults = z.record(z.string(), z.unknown()).parse(schema?.parse({}));
    for (const key of Object.keys(z.looseObject({ def }).parse(schema).def.shape ?? {})) {
      const text = said.get(`shared.${name}.${key}`);
      expect(text, `shared.${name}.${key}`).toBeDefined();
      const value = defaults[key];
      if (typeof value === 'string' || typeof value === 'number') expect(text, key).toContain(String(value));
      if (value === undefined) expect(text, key).toMatch(/^(\(none\)|nobody|.* by hand)$/);
    }
  });

  it.each([
    ['ca.conf', 'certificates/root/parts/authority.sh'],
    ['mirror.conf', 'repositories/root/koji-mirror.job.sh'],
  ])('shows only names in /etc/steward/%s that its script reads', async (file, script) => {
    const [, names = ''] = /\$name =~ \^\(([a-z_|]+)\)\$/.exec(await read(`commands/${script}`)) ?? [];
    const known = names.split('|');
    const blocks = [...page.matchAll(/```\n(# \/etc\/steward\/[\s\S]*?)```/g)]
      .map(([, text = '']) => text)
      .filter((text) => text.startsWith(`# /etc/steward/${file}`));
    const shown = blocks.flatMap((text) => [...text.matchAll(/^([a-z_]+)=/gm)].map(([, name = '']) => name));
    expect(shown.length).toBeGreaterThan(4);
    expect(shown.filter((name) => !known.includes(name))).toEqual([]);
  });
});

it('README.md names everything that can be said about requests', async () => {
  const page = await read('README.md');
  for (const { name } of VERBS) if (name !== 'help') expect(page).toContain(`\`${name}\``);
});

it('every decision that is made has a file, and the architecture page points at the folder', async () => {
  expect(readdirSync(new URL('docs/decisions/', root)).length).toBeGreaterThan(0);
  expect(await read('docs/architecture.md')).toContain('docs/decisions/');
});

const def = z.looseObject({
  type: z.string(),
  shape: z.record(z.string(), z.unknown()).optional(),
  innerType: z.unknown().optional(),
  valueType: z.unknown().optional(),
  element: z.unknown().optional(),
});

/** The schema at a path, through defaults, options, records and lists; null where there is none. */
function settingAt(schema: unknown, path: readonly string[]): unknown {
  const read = z.looseObject({ def }).safeParse(schema);
  if (!read.success) return null;
  const { shape, innerType, valueType, element } = read.data.def;
  if (innerType !== undefined) return settingAt(innerType, path);
  const [first, ...rest] = path;
  if (first === undefined) return schema;
  if (element !== undefined) return settingAt(element, path);
  const next = shape?.[first] ?? valueType;
  return next === undefined ? null : settingAt(next, rest);
}

describe('docs/topic-template.md', async () => {
  const page = await read('docs/topic-template.md');
  const [, template = ''] = /\n````markdown\n([\s\S]*?)\n````\n/.exec(page) ?? [];
  const forms = [...template.matchAll(/```steward\n([\s\S]*?)\n```/g)].map(([, form = '']) => form);

  it('has a form or a line for each command that packagers may ask for', () => {
    for (const { name } of registry.all.filter(({ ask }) => ask.includes('packager')))
      expect(template).toMatch(new RegExp(`^(ask: |  @steward )${name}(\\s|$)`, 'm'));
    for (const { name } of registry.all.filter(({ ask }) => !ask.includes('packager')))
      expect(template).not.toMatch(new RegExp(`^ask: ${name}$`, 'm'));
    expect(template).toContain('Never paste a private key');
  });

  it('asks for nothing and says nothing as long as nobody has filled anything in', () => {
    const post = readPost(template, 'steward');
    expect(post).toEqual({
      lines: [],
      forms: [],
      rest: '',
      mentioned: false,
      nearly: null,
      leftOut: true,
      tooMany: false,
    });
    const said = readPost(template.replace('\n\n\n', '\n\nIs there cake at the meeting?\n\n'), 'steward');
    expect(said).toMatchObject({ lines: [], forms: [], rest: 'Is there cake at the meeting?' });
  });

  it('shows lines that work', () => {
    for (const [, line = ''] of template.matchAll(/^ {2}@steward (.*?)(?: {3}.*)?$/gm)) {
      const parsed = parseLine(line, registry);
      expect('problems' in parsed ? parsed.problems : parsed.kind, line).toEqual({});
    }
  });

  it('has forms that ask once they are filled in', () => {
    expect(forms.length).toBeGreaterThan(5);
    for (const form of forms) {
      const command = registry.get(/^ask: (.*)$/m.exec(form)?.[1] ?? '');
      if (!command) throw new Error(form);
      const given = Object.fromEntries(
        Object.entries(command.params.shape).map(([name, field]) => [name, metaOf(field).example]),
      );
      const filled = Object.entries(given).reduce(
        (text, [name, value]) => text.replace(`\n${name}:`, () => `\n${name}: ${value}`),
        form,
      );
      const { forms: read } = readPost(
        template.replace(form, () => filled),
        'steward',
      );
      expect(read).toEqual([filled]);
      expect(readForm(filled, registry)).toEqual({ kind: 'form', command, given, problems: {} });
    }
  });
});
