import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command } from './command.ts';
import { metaOf } from './fields.ts';
import { wrongIn } from './recognise.ts';

/** The commands, by name. */
export interface Registry {
  readonly all: readonly Command[];
  get(name: string): Command | undefined;
}

/** Builds a registry and refuses declarations that contradict themselves. */
export function createRegistry(commands: readonly Command[]): Registry {
  const byName = new Map<string, Command>();
  for (const command of commands) {
    const wrong = contradiction(command) ?? (byName.has(command.name) ? 'is declared twice' : null);
    if (wrong) throw new Error(`command ${command.name} ${wrong}`);
    byName.set(command.name, command);
  }
  const all = [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  return { all, get: (name) => byName.get(name) };
}

/** Finds every `<folder>/command.ts` (or `.js` in a build) below `root`; each exports its command as default. */
export async function scanCommands(root: URL): Promise<Registry> {
  const folders = readdirSync(fileURLToPath(root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
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
  if (command.ask.length === 0) return 'may be asked for by nobody';
  for (const field of Object.values(command.params.shape)) metaOf(field);
  return command.recognise ? wrongIn(command.recognise, Object.keys(command.params.shape)) : null;
}
