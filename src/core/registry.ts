import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command } from './command.ts';
import { metaOf } from './field-meta.ts';
import { wrongIn } from './recognise.ts';

/** The commands, by name. */
export interface Registry {
  readonly all: readonly Command[];
  get(name: string): Command | undefined;
}

/** Builds a registry and refuses declarations that contradict themselves. */
export function createRegistry(commands: readonly Command[]): Registry {
  const byName = new Map<string, Command>();
  const groups = new Map<string, Command['settings']>();
  for (const command of commands) {
    const { name, shared, settings } = command;
    const twice = byName.has(name) ? 'is declared twice' : null;
    const other =
      shared !== undefined && (groups.get(shared) ?? settings) !== settings
        ? `has other settings for ${shared} than the command before it`
        : null;
    const wrong = contradiction(command) ?? twice ?? other;
    if (wrong) throw new Error(`command ${name} ${wrong}`);
    byName.set(name, command);
    if (shared !== undefined) groups.set(shared, settings);
  }
  const all = [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  return { all, get: (name) => byName.get(name) };
}

/**
 * Finds every `<folder>/command.ts` (or `.js` in a build) below `root`; each exports its command as default. A folder
 * without one holds what several commands share.
 */
export async function scanCommands(root: URL): Promise<Registry> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const top = fileURLToPath(root);
  const folders = readdirSync(top)
    .filter((name) => existsSync(join(top, name, `command.${extension}`)))
    .sort();
  const commands = await Promise.all(folders.map((folder) => load(root, folder, extension)));
  return createRegistry(commands);
}

async function load(root: URL, folder: string, extension: string): Promise<Command> {
  const file = new URL(
    `${folder}/command.${extension}`,
    root.href.endsWith('/') ? root : pathToFileURL(`${fileURLToPath(root)}/`),
  );
  const loaded = (await import(file.href)) as { readonly default?: Command };
  if (!loaded.default) throw new Error(`commands/${folder}/command.${extension} has no default export`);
  const expected = loaded.default.name.replaceAll(' ', '-');
  if (expected !== folder)
    throw new Error(`commands/${folder} declares "${loaded.default.name}": call the folder ${expected}`);
  return loaded.default;
}

function contradiction(command: Command): string | null {
  const { risk, approval } = command;
  if (!/^[a-z]+( [a-z-]+)*$/.test(command.name)) return 'has a name that cannot be typed';
  if (risk === 'high' && (approval.people < 2 || approval.ownRequest))
    return 'has risk high, so two others must approve';
  if (risk === 'low' && approval.people < 1) return 'changes something, so somebody must approve';
  if (command.perMinute !== undefined && !(command.perMinute >= 1)) return 'may be asked for at no time';
  if (command.perMinuteOf && command.perMinute === undefined) return 'counts looks and allows any number';
  if (command.ask.length === 0) return 'may be asked for by nobody';
  if (command.shared !== undefined && !command.settings) return 'shares settings that it does not declare';
  for (const field of Object.values(command.params.shape)) metaOf(field);
  return command.recognise ? wrongIn(command.recognise, Object.keys(command.params.shape)) : null;
}
