import { loadConfig } from '../config/load.ts';
import { problemLines } from '../config/problems.ts';
import { type App, startApp } from '../src/app.ts';
import type { Log } from '../src/core/ports.ts';
import { scanCommands } from '../src/core/registry.ts';
import { createLog } from '../src/log.ts';
import type { SandboxSite } from './site.ts';

/** Starts the real Steward, from its config file, against the pretend site; Slack and forum are told where it listens. */
export async function startSteward(
  site: SandboxSite,
  more: { readonly env?: Readonly<Record<string, string>>; readonly log?: Log } = {},
): Promise<App & { readonly commands: readonly { readonly line: string; readonly summary: string }[] }> {
  const registry = await scanCommands(new URL('../commands/', import.meta.url));
  // The pretend site is whole: a DATABASE_URL of this machine leads to somebody's real one.
  const loaded = await loadConfig(site.configPath, { registry, role: 'all', env: more.env ?? {} });
  if (!loaded.ok) throw new Error(problemLines(site.configPath, loaded.problems).join('\n'));
  const fatal = (error: Error): never => {
    throw error;
  };
  const app = await startApp(loaded.config, more.log ?? createLog(loaded.config.log.level), fatal);
  if (loaded.config.slack?.mode === 'http')
    site.slack.setRequestUrl(`http://127.0.0.1:${app.port}/slack/events`);
  if (loaded.config.discourse?.webhookSecret)
    site.forum.setWebhook(`http://127.0.0.1:${app.port}/discourse/webhook`);
  return {
    ...app,
    commands: registry.all.map(({ summary, examples }) => ({ line: examples[0] ?? '', summary })),
  };
}
