import { fileURLToPath } from 'node:url';
import type { SandboxSlack } from '../sandbox/slack/slack.ts';
import type { Bench, Benchmark } from './bench-kind.ts';
import { sendLoad } from './load.ts';
import { alternate, median, percentile, until } from './numbers.ts';
import { startProgram } from './program.ts';
import { noServers, startServers } from './servers.ts';
import { startSite } from './site.ts';

const ROUNDS = 3;
const CONNECTIONS = 50;
const DRAIN_MS = 60_000;
const CALM = { perSecond: 100, count: 400 };

/** From a signed slash command to its acknowledgement, over HTTP, from another process. */
export const acknowledge: readonly Benchmark[] = [
  {
    name: 'ack.postgres',
    what: 'a signed slash command is stored and acknowledged, on PostgreSQL and Redis',
    lacks: noServers,
    run: (bench) => measure(bench, { name: 'ack.postgres', burst: 3000, least: 1000, share: 0.25 }),
  },
  {
    name: 'ack.pglite',
    what: 'the same on PGlite',
    lacks: () => null,
    run: (bench) => measure(bench, { name: 'ack.pglite', burst: 900, least: 300, share: null }),
  },
];

async function measure(
  { scope, cli, say }: Bench,
  about: {
    readonly name: string;
    readonly burst: number;
    readonly least: number;
    readonly share: number | null;
  },
) {
  const onServers = about.name === 'ack.postgres';
  const site = await startSite(scope);
  const servers = onServers ? await startServers(scope) : null;
  // With servers the web role alone, as in production; PGlite is one process.
  const role = onServers ? 'web' : 'all';
  const program = await startProgram(scope, { cli: await cli(), configPath: site.configPath, role, servers });
  const boltPort = await startBolt();
  const { slack } = site;
  const load = {
    secret: slack.signingSecret,
    team: slack.team,
    user: 'U0MARIA',
    channel: 'C0KOJI',
    text: 'help',
  };
  const answers = countAnswers(slack);
  scope.later(() => answers.stop());
  let asked = 0;

  /** A load on ours; afterwards everybody must have had their answer, or it would be a rate of forgetting. */
  async function ours(count: number, connections: number, perSecond: number | null) {
    asked += count;
    const seen = await sendLoad(scope, { ...load, port: program.port, count, connections, perSecond });
    if (seen.failures > 0) throw new Error(`${seen.failures} of ${count} were not acknowledged`);
    const began = performance.now();
    await until('everybody has their answer', () => answers.count() >= asked, DRAIN_MS).catch(
      (error: unknown) => {
        throw new Error(`${answers.count()} answers to ${asked} questions`, { cause: error });
      },
    );
    const seconds = (performance.now() - began) / 1000;
    return { ...seen, drained: seconds };
  }
  async function bolt(count: number, connections: number, perSecond: number | null) {
    const seen = await sendLoad(scope, { ...load, port: boltPort, count, connections, perSecond });
    if (seen.failures > 0) throw new Error(`Bolt did not acknowledge ${seen.failures} of ${count}`);
    return seen;
  }

  async function startBolt(): Promise<number> {
    const path = fileURLToPath(new URL('./bolt-child.ts', import.meta.url));
    const child = scope.spawn(process.execPath, ['--import', 'tsx', path, site.slack.signingSecret], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('bare Bolt did not start')));
      child.stdout?.once('data', (line: Buffer) => resolve(Number(line.toString())));
    });
  }

  await ours(300, CONNECTIONS, null);
  await bolt(300, CONNECTIONS, null);
  const burst = await alternate(
    ROUNDS,
    async () => {
      const { perSecond, drained } = await ours(about.burst, CONNECTIONS, null);
      say(`ours ${perSecond.toFixed(0)}/s, and everybody answered ${drained.toFixed(1)} s later`);
      return perSecond;
    },
    async () => {
      const { perSecond } = await bolt(about.burst, CONNECTIONS, null);
      say(`bare Bolt ${perSecond.toFixed(0)}/s`);
      return perSecond;
    },
  );
  const calm = await alternate(
    ROUNDS,
    async () => percentile((await ours(CALM.count, CONNECTIONS, CALM.perSecond)).latencies, 0.99),
    async () => percentile((await bolt(CALM.count, CONNECTIONS, CALM.perSecond)).latencies, 0.99),
  );
  const rate = { ours: median(burst.ours), peer: median(burst.peer), unit: '/s' };
  return [
    {
      name: `${about.name}.rate`,
      ...rate,
      target: { of: 'ours', is: 'at least', value: about.least } as const,
    },
    ...(about.share === null
      ? []
      : [
          {
            name: `${about.name}.share-of-bolt`,
            ...rate,
            target: { of: 'ratio', is: 'at least', value: about.share } as const,
          },
        ]),
    {
      name: `${about.name}.p99-at-100`,
      ours: median(calm.ours),
      peer: median(calm.peer),
      unit: 'ms',
      target: { of: 'ours', is: 'under', value: 25 } as const,
    },
  ];
}

/** Everything that Maria was told. Slack forgets old whispers, so they are counted while they come. */
function countAnswers(slack: SandboxSlack): { count(): number; stop(): void } {
  let whispers = 0;
  let last = '';
  const look = (): void => {
    const all = slack.ephemerals('U0MARIA');
    const known = all.findLastIndex(({ ts }) => ts <= last);
    whispers += all.length - 1 - known;
    last = all.at(-1)?.ts ?? last;
  };
  const timer = setInterval(look, 50);
  return {
    count: () => {
      look();
      // Where Slack was too slow to take a whisper, the answer goes by direct message.
      return whispers + slack.messages('dm:U0MARIA').length;
    },
    stop: () => clearInterval(timer),
  };
}
