import { z } from 'zod';
import type { Command } from '../src/core/command.ts';
import { nearest } from '../src/core/near.ts';
import { loosens, type Rule, ruleOf } from '../src/core/policy.ts';
import type { Registry } from '../src/core/registry.ts';
import { problemsOf } from './problems.ts';
import { configSchema } from './schema.ts';
import { kojiUserOf } from './who.ts';

type Keys = readonly (string | number)[];

/** A problem before its line is known. */
export interface Found {
  readonly keys: Keys;
  readonly says: string;
}

/** What the site says of every command: the declaration with the config's tightening, and its settings. */
export interface CommandOnSite {
  readonly rule: Rule;
  readonly settings: unknown;
}

const { shape } = configSchema;
const hubPermissions = shape.hub.shape.permissions;

/** The part of the file that can be read; what cannot is somebody else's problem. */
function part<S extends z.ZodType>(schema: S, raw: unknown, fallback: z.output<S>): z.output<S> {
  const read = schema.safeParse(raw);
  return read.success ? read.data : fallback;
}

function fieldOf(raw: unknown, key: string): unknown {
  const read = z.record(z.string(), z.unknown()).safeParse(raw);
  return read.success && Object.hasOwn(read.data, key) ? read.data[key] : undefined;
}

/** Commands that do not exist, loosened rules, settings that the command does not take. */
export function checkCommands(
  raw: unknown,
  registry: Registry,
): { readonly found: readonly Found[]; readonly commands: ReadonlyMap<string, CommandOnSite> } {
  const found: Found[] = [];
  const given = part(z.record(z.string(), z.unknown()), fieldOf(raw, 'commands'), {});
  const names = registry.all.map((command) => command.name);
  for (const name of Object.keys(given)) {
    if (registry.get(name)) continue;
    const meant = nearest(name, names);
    const says = `there is no such command.${meant ? ` Did you mean ${meant}?` : ''} Commands: ${names.join(', ')}.`;
    found.push({ keys: ['commands', name], says });
  }
  const commands = new Map<string, CommandOnSite>();
  const permissions = part(hubPermissions, fieldOf(fieldOf(raw, 'hub'), 'permissions'), ['host']);
  found.push(...checkPermissions(permissions, registry));
  for (const command of registry.all) {
    const own = part(shape.commands.unwrap().valueType, given[command.name] ?? {}, {});
    for (const { path, says } of loosens(command, own))
      found.push({
        keys: ['commands', command.name, path],
        says: `loosens what the command declares: ${says}`,
      });
    const settings = checkSettings(command, own.settings, raw);
    found.push(...settings.found);
    const rule = ruleOf(command, own);
    const lacks = command.hubPermission !== undefined && !permissions.includes(command.hubPermission);
    const off = `it needs the permission \`${command.hubPermission}\` on the hub, which \`hub.permissions\` does not name`;
    commands.set(command.name, { rule: lacks ? { ...rule, off } : rule, settings: settings.value });
  }
  found.push(...checkShared(raw, registry));
  return { found, commands };
}

/** Permissions that no command has a use for. */
function checkPermissions(given: readonly string[], registry: Registry): readonly Found[] {
  const useful = [...new Set(registry.all.flatMap(({ hubPermission }) => hubPermission ?? []))].sort();
  return given.flatMap((name, index) => {
    if (useful.includes(name)) return [];
    const meant = nearest(name, useful);
    const says = `no command needs it.${meant ? ` Did you mean ${meant}?` : ''} Commands need: ${useful.join(', ')}.`;
    return [{ keys: ['hub', 'permissions', index], says }];
  });
}

function checkSettings(
  command: Command,
  own: unknown,
  config: unknown,
): { found: readonly Found[]; value: unknown } {
  const { name, shared } = command;
  const ownKeys = ['commands', name, 'settings'];
  if (!command.settings || (shared !== undefined && own !== undefined)) {
    const says = shared
      ? `the settings of \`${name}\` stand at shared.${shared}`
      : `\`${name}\` has no settings`;
    return { found: own === undefined ? [] : [{ keys: ownKeys, says }], value: undefined };
  }
  const base = shared === undefined ? ownKeys : ['shared', shared];
  const raw = (shared === undefined ? own : fieldOf(fieldOf(config, 'shared'), shared)) ?? {};
  const read = command.settings.safeParse(raw);
  if (read.success) return { found: [], value: read.data };
  return { found: problemsOf(read.error, command.settings, raw, base), value: undefined };
}

/** Shared settings that no command reads. */
function checkShared(raw: unknown, registry: Registry): readonly Found[] {
  const known = [...new Set(registry.all.flatMap(({ shared }) => shared ?? []))].sort();
  return Object.keys(part(shape.shared.unwrap(), fieldOf(raw, 'shared'), {}))
    .filter((name) => !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      const says = `no command has shared settings of this name.${meant ? ` Did you mean ${meant}?` : ''} Names: ${known.join(', ')}.`;
      return { keys: ['shared', name], says };
    });
}

/** Roles that do not exist, and people who are there twice. */
export function checkPeople(raw: unknown): readonly Found[] {
  const found: Found[] = [];
  const roles = Object.keys(
    part(z.record(z.string(), z.unknown()), fieldOf(raw, 'roles'), { admin: {}, packager: {} }),
  );
  const check = (named: unknown, keys: Keys): void => {
    for (const [index, role] of part(z.array(z.unknown()), named, []).entries()) {
      if (typeof role !== 'string' || roles.includes(role)) continue;
      const meant = nearest(role, roles);
      const says = `there is no role ${role.slice(0, 40)}.${meant ? ` Did you mean ${meant}?` : ''} Roles: ${roles.join(', ')}.`;
      found.push({ keys: [...keys, index], says });
    }
  };
  check(fieldOf(raw, 'everybody'), ['everybody']);
  check(fieldOf(raw, 'operators'), ['operators']);
  check(fieldOf(fieldOf(raw, 'discourse'), 'everybody'), ['discourse', 'everybody']);
  for (const [name, command] of Object.entries(
    part(z.record(z.string(), z.unknown()), fieldOf(raw, 'commands'), {}),
  )) {
    check(fieldOf(command, 'ask'), ['commands', name, 'ask']);
    check(fieldOf(command, 'roles'), ['commands', name, 'roles']);
  }
  const people = part(z.array(z.unknown()), fieldOf(raw, 'people'), []);
  people.forEach((person, index) => {
    check(fieldOf(person, 'roles'), ['people', index, 'roles']);
  });
  for (const key of ['id', 'slack', 'discourse'])
    found.push(...doubles(people, key, (index) => ['people', index, key]));
  const kojiUsers = people.map((person) => ({
    koji: kojiUserOf({ id: fieldOf(person, 'id'), koji: fieldOf(person, 'koji') }),
  }));
  const named = (index: number) => fieldOf(people[index], 'koji') !== undefined;
  found.push(...doubles(kojiUsers, 'koji', (index) => ['people', index, named(index) ? 'koji' : 'id']));
  const hosts = part(z.array(z.unknown()), fieldOf(fieldOf(raw, 'hosts'), 'list'), []);
  found.push(...doubles(hosts, 'name', (index) => ['hosts', 'list', index, 'name']));
  return found;
}

function doubles(list: readonly unknown[], key: string, keysOf: (index: number) => Keys): readonly Found[] {
  const seen = new Map<string, number>();
  return list.flatMap((entry, index) => {
    const value = fieldOf(entry, key);
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    const folded = key === 'slack' ? String(value) : String(value).toLowerCase();
    const before = seen.get(folded);
    if (before === undefined) seen.set(folded, index);
    return before === undefined
      ? []
      : [{ keys: keysOf(index), says: `is there twice: number ${before + 1} has it too` }];
  });
}

/** The way into Slack needs its own secret. */
export function checkSlack(raw: unknown): readonly Found[] {
  const slack = fieldOf(raw, 'slack');
  const mode = fieldOf(slack, 'mode');
  const needed = mode === 'http' ? 'signingSecret' : mode === 'socket' ? 'appToken' : undefined;
  if (needed === undefined || fieldOf(slack, needed) !== undefined) return [];
  return [
    {
      keys: ['slack', needed],
      says: `is missing: mode ${mode} needs it, as { env: NAME } or { file: path }`,
    },
  ];
}
