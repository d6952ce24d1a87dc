import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startPage } from './page/page.ts';
import { readTemplate } from './page/template.ts';
import { BUILDERS, type SandboxSite, startSite } from './site.ts';
import { startSteward } from './steward.ts';
import { tellStory } from './story.ts';

const HELP = `npm run demo                 a page to try it: choose who you are, and ask, in the chat or in the forum
npm run demo -- --script     plays a whole conversation and prints it; exits 0 if all went as it should
  --hub 1.20|1.35            which Koji the pretend hub is (1.20)
  --socket                   Slack over Socket Mode instead of signed HTTP
  --dir DIR                  where the pretend world is kept (.steward/demo)
  --port N                   port of the page (8421)`;

const { values } = parseArgs({
  options: {
    script: { type: 'boolean', default: false },
    hub: { type: 'string', default: '1.20' },
    socket: { type: 'boolean', default: false },
    dir: { type: 'string', default: '.steward/demo' },
    port: { type: 'string', default: '8421' },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);
// Nobody may be left waiting by a demo that hangs.
const SCRIPT_DEADLINE_MS = 240_000;

try {
  if (values.help) say(HELP);
  else if (values.script) await script();
  else await page();
} catch (error) {
  say(`The demo could not start. ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

async function start(dir: string) {
  const site = await startSite({
    dir,
    version: values.hub === '1.35' ? '1.35' : '1.20',
    slackMode: values.socket ? 'socket' : 'http',
  });
  const steward = await startSteward(site);
  const stop = async (): Promise<void> => {
    await steward.stop();
    await site.close();
  };
  return { site, steward, stop };
}

async function script(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'steward-demo-'));
  const late = setTimeout(() => {
    say('\nThe story did not end in four minutes.');
    process.exit(1);
  }, SCRIPT_DEADLINE_MS);
  say(
    'Starting a pretend Koji hub, its hosts, a pretend Slack and forum, and the real Steward against them.',
  );
  const { site, stop } = await start(dir);
  let failures: readonly string[] = [];
  try {
    const told = await tellStory(site, say);
    failures = told.failures;
    say(`\n${told.beats} things were tried, and each came out as it should.`);
  } catch (error) {
    failures = [error instanceof Error ? error.message : String(error)];
    say(`\nThe story went wrong: ${failures.join('; ')}`);
  }
  await stop();
  clearTimeout(late);
  await rm(dir, { recursive: true, force: true });
  process.exit(failures.length === 0 ? 0 : 1);
}

async function page(): Promise<void> {
  const { site, steward, stop } = await start(resolve(values.dir));
  const template = await readTemplate();
  const shown = await startPage({
    slack: site.slack,
    forum: site.forum,
    port: Number(values.port),
    extras: {
      world: () => worldOf(site),
      commands: steward.commands,
      ...(template !== undefined && { template }),
      suggestions: [
        'help',
        'builder list',
        'builder capacity builder2 8',
        'nfs check all',
        'builder disable builder1',
        'cert issue',
        'repo add epel10 from="os=http://mirror.example.org/os/$arch/" tag=foreman-nightly-el8-build',
      ],
    },
  });
  say(
    `Koji Steward, with everything around it pretended:\n\n  ${shown.url}\n\nChoose who you are, ask for something, and approve it as somebody else. Ctrl-C ends it; the world is kept in ${values.dir}.`,
  );
  const end = (): void => {
    say('\nStopping.');
    setTimeout(() => process.exit(0), 1800).unref();
    Promise.all([shown.close(), stop()]).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

async function worldOf(site: SandboxSite) {
  return [
    {
      title: 'Hub',
      rows: site.hub.world.hosts
        .toSorted((a, b) => a.name.localeCompare(b.name))
        .map((host) => ({
          label: host.name,
          value: `capacity ${host.capacity}`,
          note: host.enabled ? `load ${host.taskLoad}` : 'disabled',
          tone: host.enabled ? ('good' as const) : ('warn' as const),
        })),
    },
    {
      title: 'Hosts',
      rows: BUILDERS.map((name) => ({
        label: name,
        value: `${site.hosts.restarts(name)} restarts of kojid`,
      })),
    },
  ];
}
