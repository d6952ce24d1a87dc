import { readdirSync } from 'node:fs';
import type { HostScript } from '../core/ports.ts';
import { loadScript } from '../core/script.ts';

/**
 * Every script that runs as root: `<command>/root/*.sh` below the commands' folder, by name. Two commands with a
 * script of one name would overwrite each other on the host, so that is an error.
 */
export function findRootScripts(commands: URL): readonly HostScript[] {
  const base = commands.href.endsWith('/') ? commands : new URL(`${commands.href}/`);
  const found = new Map<string, HostScript>();
  for (const folder of readdirSync(base, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const name of scriptsIn(new URL(`${folder.name}/root/`, base))) {
      if (found.has(name)) throw new Error(`two commands have a root script ${name}`);
      found.set(name, loadScript(new URL(`${folder.name}/root/${name}`, base)));
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function scriptsIn(folder: URL): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.sh'));
  } catch {
    return [];
  }
}
