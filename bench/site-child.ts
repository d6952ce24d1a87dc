// Holds a pretend site for another process until SIGTERM, and prints what that needs to know of it.
import { createScope } from './scope.ts';
import { type SiteOptions, startSite } from './site.ts';

const scope = createScope();
const { configPath, apiUrl, team, signingSecret } = await startSite(
  scope,
  JSON.parse(process.argv[2] ?? '{}') as SiteOptions,
);
process.once('SIGTERM', () => void scope.close().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ configPath, apiUrl, team, signingSecret })}\n`);
