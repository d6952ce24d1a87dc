import type { SandboxSite } from '../../sandbox/site.ts';
import { changedConfig, type Served, serveReady } from '../deploy/served.ts';
import { freePort, stopped, until } from '../support/process.ts';

type Role = 'all' | 'web' | 'worker';

/** `steward serve` as it is run: over PGlite in one process, or over two servers in a process for each role. */
export async function startBot(
  site: SandboxSite,
  at: { readonly databaseUrl: string | null; readonly redisUrl: string | null },
  repos: Readonly<Record<string, unknown>>,
) {
  const port = await freePort();
  const config = await changedConfig(site.configPath, 'killed', {
    http: { port },
    log: { level: 'info' },
    shared: { repos },
  });
  const { databaseUrl, redisUrl } = at;
  const roles: readonly Role[] = databaseUrl === null ? ['all'] : ['web', 'worker'];
  const env = databaseUrl && redisUrl ? { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } : {};
  const running = new Map<Role, Served>();

  async function kill(...which: readonly Role[]): Promise<void> {
    const dying = [...running].filter(([role]) => which.includes(role));
    for (const [, { child }] of dying) child.kill('SIGKILL');
    for (const [role, { child }] of dying) {
      await stopped(child);
      running.delete(role);
    }
  }
  async function start(): Promise<void> {
    try {
      // One after the other, as the tables are made by whoever comes first.
      for (const role of roles)
        if (!running.has(role))
          running.set(role, await serveReady(['--role', role, '--config', config], env));
    } catch (error) {
      await kill(...roles);
      throw error;
    }
  }
  await start();
  site.slack.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
  return {
    roles,
    /** Kills the processes with these roles, all of them by default, without a word. */
    kill: (...which: readonly Role[]) => kill(...(which.length > 0 ? which : roles)),
    /** Starts what does not run. */
    start,
    /** Waits until every message is told everywhere; what a killed process began is let alone for half a minute. */
    told: (patienceMs: number): Promise<void> =>
      until(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
          signal: AbortSignal.timeout(10_000),
        });
        return /^steward_messages_waiting 0$/m.test(await answer.text());
      }, patienceMs),
    /** Ends them in good order; gives their exit codes. */
    async stop(): Promise<readonly (number | null)[]> {
      const ended = await Promise.all([...running.values()].map((one) => one.end()));
      running.clear();
      return ended.map(({ code }) => code);
    },
  };
}

export type Bot = Awaited<ReturnType<typeof startBot>>;
