import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Site } from '../src/core/planner.ts';
import type { Registry } from '../src/core/registry.ts';
import { type CommandOnSite, checkCommands, checkPeople, checkSlack, type Found } from './checks.ts';
import { type Document, readDocument } from './document.ts';
import { misfits, oddities } from './oddities.ts';
import { type Problem, pathText, problemsOf } from './problems.ts';
import { type Resolved, resolveAll } from './resolve.ts';
import { type Config, configSchema } from './schema.ts';
import { kojiUserOf } from './who.ts';

/** Which half of Steward it is for. `doctor` reads all that it can, and keeps what it could not in `unread`. */
export type ConfigRole = 'web' | 'worker' | 'all' | 'doctor';

/** The config with its secrets and files read, as far as the role needs them. */
export interface Loaded extends Resolved {
  /** Absolute path of the file. */
  readonly file: string;
  readonly role: ConfigRole;
  /** The file as it stands, defaults filled in: secrets are named in it, not held. */
  readonly given: Config;
  readonly people: Config['people'];
  readonly roles: Config['roles'];
  readonly everybody: Config['everybody'];
  readonly operators: Config['operators'];
  readonly http: Config['http'];
  readonly audiences: Config['audiences'];
  readonly watch: Config['watch'];
  readonly reminders: Config['reminders'];
  readonly worker: Config['worker'];
  readonly log: Config['log'];
  /** The commands with this site's rules and settings. */
  readonly site: Site;
  /** Allowed, and probably not meant. */
  readonly warnings: readonly Problem[];
  /** For role `doctor`: secrets and files that could not be read. */
  readonly unread: readonly Problem[];
}

export type LoadResult =
  | { readonly ok: true; readonly config: Loaded }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The environment of this process. The one place that reads it. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}

/** Reads the config file. All problems at once, each with its place in the file and what is accepted there. */
export async function loadConfig(
  path: string,
  options: { readonly registry: Registry; readonly role: ConfigRole; readonly env?: NodeJS.ProcessEnv },
): Promise<LoadResult> {
  const file = resolve(path);
  const text = await readText(file);
  if (!text.ok) return { ok: false, problems: [{ path: '', says: text.says }] };
  const document = readDocument(text.text);
  if (!document.ok) return document;
  const { registry, role, env = environment() } = options;
  const { value: raw } = document;
  const placed = placer(document);

  const read = configSchema.safeParse(raw ?? {});
  const { found, commands } = checkCommands(raw, registry);
  const problems: Found[] = [
    ...(read.success ? [] : problemsOf(read.error, configSchema, raw ?? {})),
    ...found,
    ...checkPeople(raw),
    ...checkSlack(raw),
  ];
  if (!read.success) return { ok: false, problems: distinct(problems.map(placed)) };

  const given = read.data;
  const named = raw as { readonly database?: { readonly dir?: unknown } } | null;
  const folder = dirname(file);
  const { resolved, unread, warnings } = await resolveAll(given, {
    folder,
    env,
    role,
    dataFolder: named?.database?.dir === undefined ? process.cwd() : folder,
  });
  if (role !== 'doctor') problems.push(...unread);
  if (problems.length > 0) return { ok: false, problems: distinct(problems.map(placed)) };
  const odd = [...text.odd, ...warnings, ...oddities(given, commands), ...misfits(given, commands, registry)];
  const { people, roles, everybody, operators, http, audiences, watch, reminders, worker, log } = given;
  return {
    ok: true,
    config: {
      ...{ file, role, given, people, roles, everybody, operators, http },
      ...{ audiences, watch, reminders, worker, log },
      ...resolved,
      site: siteOf(registry, commands, given),
      warnings: distinct(odd.map(placed)),
      unread: distinct(unread.map(placed)),
    },
  };
}

function siteOf(
  registry: Registry,
  commands: ReadonlyMap<string, CommandOnSite>,
  { people, audiences, hub: { web } }: Pick<Config, 'people' | 'audiences' | 'hub'>,
): Site {
  const known = (name: string): CommandOnSite => {
    const found = commands.get(name);
    if (!found) throw new Error(`no command ${name}`);
    return found;
  };
  return {
    registry,
    rule: (name) => known(name).rule,
    settings: (name) => known(name).settings,
    kojiUser: (id) => {
      const person = people.find((one) => one.id === id);
      return person ? kojiUserOf(person) : null;
    },
    audiences: new Set(Object.keys(audiences)),
    ...(web === undefined ? {} : { web: web.replace(/\/+$/, '') }),
  };
}

async function readText(
  file: string,
): Promise<{ ok: true; text: string; odd: readonly Found[] } | { ok: false; says: string }> {
  try {
    const { mode } = await stat(file);
    const text = await readFile(file, { encoding: 'utf8', signal: AbortSignal.timeout(5_000) });
    const says = 'others than its owner may change this file, and so who may approve what: chmod go-w it';
    return { ok: true, text, odd: (mode & 0o022) === 0 ? [] : [{ keys: [], says }] };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown trouble';
    const why =
      {
        ENOENT: 'there is no such file. Begin with config/steward.example.yaml',
        EACCES: 'this account may not read it',
      }[code] ?? code;
    return { ok: false, says: `cannot be read: ${why}` };
  }
}

function placer(document: Extract<Document, { ok: true }>): (found: Found) => Problem {
  return ({ keys, says }) => {
    const line = document.lineOf(keys);
    return { path: pathText(keys), says, ...(line === undefined ? {} : { line }) };
  };
}

/** Each once, in the order of the file. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems
    .filter(({ path, says }) => {
      const key = `${path}\n${says}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
