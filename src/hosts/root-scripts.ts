import { readdirSync } from 'node:fs';
import type { HostScript } from '../core/ports.ts';
import { loadScript } from '../core/script.ts';

/** Starts, polls and stops every job: the one script of Steward's own. */
export const jobScript = loadScript(new URL('./root/job.sh', import.meta.url));

/** Is it a job, which only `job.sh` starts? Its name says so, to people too. */
export function isJob(name: string): boolean {
  return name.endsWith('.job.sh');
}

/**
 * Every script that runs as root: Steward's own, and `<command>/root/*.sh` below the commands' folder, by name. Two
 * with one name would overwrite each other on the host, so that is an error.
 */
export function findRootScripts(commands: URL): readonly HostScript[] {
  const base = commands.href.endsWith('/') ? commands : new URL(`${commands.href}/`);
  const found = new Map([[jobScript.name, jobScript]]);
  for (const folder of readdirSync(base, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    for (const name of scriptsIn(new URL(`${folder.name}/root/`, base))) {
      if (found.has(name)) throw new Error(`there are two root scripts ${name}`);
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
