import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCertificates } from '../commands/certificates/certificate.ts';
import { crlsIn } from '../commands/certificates/crl.ts';
import { readIndex } from '../commands/certificates/index-file.ts';
import { nameText } from '../commands/certificates/names.ts';
import { exampleSettings } from '../commands/nfs-check/settings.ts';
import { CA_DIR, CERTIFICATE, CRL_IN_USE, caFile, hasOpenssl } from '../sandbox/hosts/ca.ts';
import { type SandboxHosts, startHosts } from '../sandbox/hosts/hosts.ts';
import { hasCurl, MIRROR as MIRROR_DIRS } from '../sandbox/mirror/mirror.ts';
import { inversesOf } from '../src/core/actions.ts';
import type { Command } from '../src/core/command.ts';
import { drawCard } from '../src/core/drawing.ts';
import { formOf } from '../src/core/form.ts';
import { readForm, writeForm } from '../src/core/form-text.ts';
import { lineOf } from '../src/core/line.ts';
import { historyReply } from '../src/core/listing.ts';
import { parse } from '../src/core/parse.ts';
import { remainingSteps } from '../src/core/planner.ts';
import { askerOf, plan } from '../src/core/planning.ts';
import { createRegistry, scanCommands } from '../src/core/registry.ts';
import type { Request } from '../src/core/request.ts';
import { type Running, run } from '../src/core/runner.ts';
import { viewOf } from '../src/core/world.ts';
import { readPost } from '../src/discourse/post-text.ts';
import { createHosts, type Hosts } from '../src/hosts/hosts.ts';
import { onlyCrash, startMortal } from './support/crash.ts';
import { keepTree } from './support/kept-tree.ts';
import { type Kernel, PEOPLE, startKernel } from './support/kernel.ts';
import { keepLog } from './support/log.ts';
import { pointsUpTo, thorough } from './support/thorough.ts';

const { adam, bea, carl } = PEOPLE;
const HOSTS = ['builder1', 'builder2', 'builder3'];
const CA = 'ca';
const MIRROR = 'mirror';
const JOBS = 'var/lib/steward-jobs';
const CA_SETTINGS = {
  host: CA,
  crlInUse: CRL_IN_USE,
  newUserPermissions: ['image'],
  // Its own file, so that a new one is seen to have arrived.
  places: [{ name: 'hub', host: CA, file: `/${CA_DIR}/${CERTIFICATE}` }],
};
const scanned = await scanCommands(new URL('../commands/', import.meta.url));
// The laws ask far more often than any person, and each asking is to be one.
const registry = createRegistry(
  scanned.all.map((command) => ({
    ...command,
    ...{ perMinute: undefined, perMinuteOf: undefined, joins: 'nobody' },
  })),
);
const ofCa = registry.all.filter((command) => command.shared === 'ca');
const ofRepos = registry.all.filter((command) => command.shared === 'repos');
const alive = (): AbortSignal => new AbortController().signal;

const examples = registry.all
  .filter(({ shared }) => (shared !== 'ca' || hasOpenssl) && (shared !== 'repos' || hasCurl))
  .flatMap((command) => command.examples.map((line) => ({ line, command })));
// What signs takes seconds each time: of its examples the first, where not everything is tried.
const changing = examples.filter(
  ({ line, command }) =>
    command.risk !== 'read' && (thorough || command.shared !== 'ca' || line === command.examples[0]),
);

/** What takes a second each time: signing, and jobs. */
const SLOW: readonly (string | undefined)[] = ['ca', 'repos'];

const VERSIONS = ['1.20', '1.35'] as const;
/**
 * A crash loop runs on one version of the hub: where a process dies, and what the next one makes of it, is the same on
 * both. The commands take turns, so that both versions see crashes; every other law holds on both.
 */
const on = (version: (typeof VERSIONS)[number]) => {
  const ofVersion = (command: Command) =>
    VERSIONS[registry.all.indexOf(command) % VERSIONS.length] === version;
  const crashing = ({ command }: { readonly command: Command }): boolean => ofVersion(command);
  // Where not everything is tried, what takes seconds takes turns with every law.
  const going = ({ command }: { readonly command: Command }): boolean =>
    thorough || !SLOW.includes(command.shared) || ofVersion(command);
  return {
    examples: examples.filter(going),
    changing: changing.filter(going),
    crashing: { examples: examples.filter(crashing), changing: changing.filter(crashing) },
  };
};

describe('every example of every command', () => {
  it.each(examples)('$line: can be stored, shown as a form, and typed again', ({ line, command }) => {
    const { given } = read(line, command);
    expect(JSON.parse(JSON.stringify(given))).toEqual(given);
    const form = formOf(command.name, command.summary, command.params, given, {});
    const filled = Object.fromEntries(
      form.fields.filter((field) => field.value !== '').map((field) => [field.name, field.value]),
    );
    expect(filled).toEqual(given);
    const typed = lineOf(command.name, command.params, filled);
    const again = read(typed, command);
    expect(again.given).toEqual(given);
    expect(lineOf(command.name, command.params, again.given)).toBe(typed);
  });

  it.each(examples)(
    '$line: written as a form in a post and read again, asks for the same',
    ({ line, command }) => {
      const { given } = read(line, command);
      const text = writeForm(formOf(command.name, command.summary, command.params, given, {}));
      const { lines, forms, rest } = readPost(`Hello,\n\n\`\`\`steward\n${text}\n\`\`\`\nThanks`, 'steward');
      // Where nothing has to be given, a form with nothing in it is one that nobody has filled in.
      const isEmpty = Object.keys(given).length === 0 && Object.keys(command.params.shape).length > 0;
      expect({ lines, forms, rest }).toEqual({
        lines: [],
        forms: isEmpty ? [] : [text],
        rest: 'Hello,\n\nThanks',
      });
      for (const form of forms)
        expect(readForm(form, registry)).toEqual({ kind: 'form', command, given, problems: {} });
    },
  );

  it.each(examples)('$line: as a line in a post, is read as that line', ({ line }) => {
    expect(readPost(`Hello,\n\n- **@Steward** ${line}\n\nThanks`, 'steward').lines).toEqual([line]);
  });
});

describe.each(VERSIONS)('the laws, on a hub of version %s', (version) => {
  const { examples, changing, crashing } = on(version);
  let dir: string;
  let kernel: Kernel;
  let sandbox: SandboxHosts;
  let hosts: Hosts;
  let first: string;
  let restoreCa: () => void;
  let restoreMirror: () => void;
  let token: string;
  const unharmedOf = new Map<string, Unharmed>();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'steward-laws-'));
    sandbox = await startHosts({
      dir,
      names: [...HOSTS, CA, MIRROR],
      ca: { host: CA },
      mirror: { host: MIRROR },
    });
    const { hosts: targets, clientKey: privateKey, knownHosts, scriptsDir } = sandbox;
    hosts = createHosts({ hosts: targets, privateKey, knownHosts, scriptsDir, log: keepLog() });
    kernel = await startKernel({
      version,
      registry,
      hosts,
      settings: {
        'nfs check': exampleSettings,
        ...Object.fromEntries(ofCa.map(({ name }) => [name, CA_SETTINGS])),
        ...Object.fromEntries(ofRepos.map(({ name }) => [name, { host: MIRROR }])),
      },
      hubWorld: (world) => {
        // So that each example has something to change.
        for (const host of world.hosts) if (host.name === 'builder3') host.enabled = false;
        for (const user of world.users) if (user.name === 'steward') user.permissions.push('admin');
      },
    });
    const { hosts: builders, users, externalRepos, tagExternalRepos, tasks } = kernel.hub.world;
    first = JSON.stringify({ hosts: builders, users, externalRepos, tagExternalRepos, tasks });
    token = (await kernel.store.tokens.issue('maria', 'laptop')).token;
    restoreCa = keepTree(sandbox.world(CA).root, ['etc']);
    restoreMirror = keepTree(sandbox.world(MIRROR).root, [MIRROR_DIRS.config]);
  });
  afterAll(async () => {
    await kernel?.close();
    await hosts?.close();
    await sandbox?.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** The first world again. */
  function reset(): void {
    Object.assign(kernel.hub.world, JSON.parse(first));
    kernel.hub.world.changes = [];
    kernel.hinted.length = 0;
    restoreCa();
    restoreMirror();
    for (const place of [JOBS, MIRROR_DIRS.srcdir, MIRROR_DIRS.wwwdir, MIRROR_DIRS.state])
      rmSync(join(sandbox.world(MIRROR).root, place), { recursive: true, force: true });
    mkdirSync(join(sandbox.world(MIRROR).root, MIRROR_DIRS.srcdir), { recursive: true });
  }
  beforeEach(reset);

  /** What the CA has signed and revoked, and with which key; when that was is another matter. */
  function stateOfCa(): unknown {
    const { root } = sandbox.world(CA);
    if (!existsSync(join(root, CA_DIR))) return null;
    const { entries } = readIndex(Buffer.from(caFile(root, 'index.txt')));
    const signed = entries.map(({ recorded, serial, user }) => ({ recorded, serial, user }));
    const revoked = crlsIn(Buffer.from(caFile(root, 'crl.pem'))).map(({ serials }) => [...serials].sort());
    const roots = readCertificates(caFile(root, CERTIFICATE)).certificates.map((one) => ({
      name: nameText(one.subject),
      days: Math.round((one.until.getTime() - Date.now()) / 86_400_000),
    }));
    return { signed, revoked, roots, serial: caFile(root, 'serial') };
  }

  /** What is configured, and the packages that are mirrored, and served. */
  function stateOfMirror(): unknown {
    const { root } = sandbox.world(MIRROR);
    const packages = [MIRROR_DIRS.srcdir, MIRROR_DIRS.wwwdir].map((place) =>
      existsSync(join(root, place))
        ? readdirSync(join(root, place), { recursive: true })
            .map(String)
            .filter((path) => path.endsWith('.rpm'))
            .sort()
        : [],
    );
    return [readFileSync(join(root, MIRROR_DIRS.config), 'utf8'), packages];
  }

  /** Jobs that were begun on the mirror. */
  const jobs = (): number => {
    const place = join(sandbox.world(MIRROR).root, JOBS, 'mrepo/runs');
    return existsSync(place) ? readdirSync(place).length : 0;
  };

  /** What is so on hub and hosts, in one order. */
  function state(): unknown {
    const { hosts: builders, users, channels, tags, externalRepos, tagExternalRepos } = kernel.hub.world;
    const sorted = [...builders].sort((a, b) => a.id - b.id);
    // The numbers of new accounts only grow, and permissions are in no order.
    const accounts = users
      .map(({ id: _, permissions, ...rest }) => ({ ...rest, permissions: [...permissions].sort() }))
      .sort((a, b) => a.name.localeCompare(b.name));
    // So do those of repositories.
    const repoNames = new Map(externalRepos.map(({ id, name }) => [id, name]));
    const mounts = HOSTS.map((host) => sandbox.world(host).mounts());
    const [ca, mirror] = [stateOfCa(), stateOfMirror()];
    return JSON.parse(
      JSON.stringify({
        sorted,
        accounts,
        channels,
        tags,
        repos: externalRepos.map(({ name, url }) => ({ name, url })),
        links: tagExternalRepos.map(({ repoId, ...rest }) => ({ ...rest, repo: repoNames.get(repoId) })),
        mounts,
        ca,
        mirror,
      }),
    );
  }

  const restarts = (): readonly number[] => HOSTS.map((host) => sandbox.restarts(host));

  /** What was changed since `from`: the hub's own history, and the hosts' counters. */
  function changes(from: readonly number[]): unknown {
    const calls = kernel.hub
      .history()
      .map(({ method, args, changed }) => JSON.stringify({ method, args, changed }));
    return {
      calls: calls.sort(),
      restarts: restarts().map((count, index) => count - (from[index] ?? 0)),
      jobs: jobs(),
    };
  }

  async function approved(line: string): Promise<string> {
    const request = await kernel.ask(adam, line);
    expect(request).toMatchObject({ status: 'planned', plan: { tooLong: false } });
    for (const who of [bea, carl].slice(0, request.plan?.needs.people))
      expect(await kernel.say(who, `approve ${request.id}`)).toMatchObject({ reply: { tone: 'good' } });
    kernel.hinted.length = 0;
    return request.id;
  }

  /** Runs a request until nothing goes on any more: a job takes its time, and what people do somebody says is done. */
  async function carry(id: string, work: Running = kernel.work): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      await run(id, work, alive());
      const { status, waiting, plan: now } = await kernel.load(id);
      if (status !== 'running') return;
      if (waiting?.reason === 'job' || waiting?.reason === 'hub') await sleep(50);
      else if (waiting?.reason !== 'hand') return;
      else {
        const step = (now?.steps.findIndex((one) => one.state === 'started') ?? 0) + 1;
        await kernel.say(bea, `done ${id} ${step}`);
      }
    }
    throw new Error(`${id} does not come to an end`);
  }

  /** What comes of it where nobody dies, and every moment at which a worker could; each line is run once for that. */
  async function unharmed(line: string): Promise<Unharmed> {
    const known = unharmedOf.get(line);
    if (known) return known;
    const from = restarts();
    const living = startMortal(kernel, 0);
    await carry(await approved(line), living.work);
    const made = { wanted: { state: state(), changes: changes(from) }, crossings: living.crossings };
    unharmedOf.set(line, made);
    reset();
    return made;
  }

  async function planAgain(request: Request, command: Command) {
    const view = viewOf(kernel.work.world, askerOf(request, kernel.site), new Date(), alive());
    const made = await command.plan(
      request.askings[0]?.given ?? {},
      view,
      kernel.site.settings(command.name),
    );
    if (made.kind !== 'plan') throw new Error('an answer');
    return made;
  }

  it.each(examples)(
    '$line: planning twice gives the same, and changes nothing',
    async ({ line, command }) => {
      const before = { state: state(), restarts: restarts() };
      const [one, two] = [await kernel.ask(adam, line), await kernel.ask(adam, line)];
      expect(one.status).toBe(command.risk === 'read' ? 'answered' : 'planned');
      expect(one.plan?.steps.map((now) => now.digest)).toEqual(two.plan?.steps.map((now) => now.digest));
      if (command.risk !== 'read') expect(one.plan?.steps.length).toBeGreaterThan(0);
      expect(kernel.hub.history()).toEqual([]);
      expect({ state: state(), restarts: restarts() }).toEqual(before);
    },
  );

  it.each(changing)(
    '$line: after the run nothing is left to do, and undo gives back the first world',
    async ({ line, command }) => {
      const before = state();
      const id = await approved(line);
      await carry(id);
      const done = await kernel.load(id);
      expect(done.status).toBe('succeeded');
      expect(remainingSteps(await planAgain(done, command), done)).toEqual([]);
      const kinds = new Set(done.plan?.steps.map((now) => now.step.kind));
      if (!kinds.has('once'))
        expect(await kernel.ask(adam, line)).toMatchObject({ status: 'succeeded', plan: { steps: [] } });

      const inverses = inversesOf(done);
      if (inverses.length === 0) {
        expect(await kernel.say(adam, `undo ${id}`)).toMatchObject({ reply: { tone: 'warn' } });
        return;
      }
      await carry(await approved(`undo ${id}`));
      for (const partial of inverses.filter((one) => one.restores === 'partial'))
        expect(partial.leaves).toBeTruthy();
      if (inverses.length === done.plan?.steps.length && inverses.every((one) => one.restores === 'full'))
        expect(state()).toEqual(before);
    },
  );

  it.each(crashing.examples)(
    '$line: a crash anywhere in planning, and planning again gives the same',
    async ({ line, command }) => {
      // The first look may find out what the next ones know already: it is none of those that are counted.
      const whole = await kernel.ask(adam, line);
      const digests = whole.plan?.steps.map((now) => now.digest);
      const asked = async (): Promise<string> => {
        const said = await kernel.say(adam, line);
        if (said.kind !== 'request') throw new Error('not a request');
        return said.id;
      };
      const living = startMortal(kernel, 0);
      await plan(await asked(), living.work, alive());
      for (const at of pointsUpTo(living.crossings.length, SLOW.includes(command.shared) ? 2 : 3)) {
        const id = await asked();
        const mortal = startMortal(kernel, at);
        await plan(id, mortal.work, alive()).catch(onlyCrash);
        await plan(id, kernel.work, alive());
        const request = await kernel.load(id);
        expect([at, mortal.died(), request.status]).toEqual([at, true, whole.status]);
        expect(request.plan?.steps.map((now) => now.digest)).toEqual(digests);
      }
      expect(kernel.hub.history()).toEqual([]);
    },
  );

  it.each(crashing.changing.filter(({ command }) => thorough || command.shared !== 'repos'))(
    '$line: a crash anywhere in the run, and the next one ends in the same world, each change made once',
    { timeout: 240_000 },
    async ({ line, command }) => {
      const { wanted, crossings } = await unharmed(line);
      const seen = new Set<string>();
      for (const at of crashPoints(crossings.length, command)) {
        reset();
        const now = restarts();
        const id = await approved(line);
        const mortal = startMortal(kernel, at);
        await carry(id, mortal.work).catch(onlyCrash);
        const where = mortal.crossings.at(-1) ?? '';
        if (!mortal.died()) break;
        seen.add(where);
        await kernel.lapse();
        await carry(id);
        const ended = await kernel.load(id);
        expect([where, ended.status, ended.says]).toEqual([where, 'succeeded', ended.says]);
        expect([where, { state: state(), changes: changes(now) }]).toEqual([where, wanted]);
        expect([where, inversesOf(ended).length]).toEqual([
          where,
          ended.plan?.steps.filter((one) => one.step.inverse).length,
        ]);
      }
      if (!thorough || command.shared === 'repos') return;
      // The moments that matter most were among them.
      const moments = [...seen].join('\n');
      expect(moments).toMatch(/^before append started\+step-started/m);
      // Only what changes something is crossed twice.
      const call = /^after ((hub|host|job|notice) \S+)$/m.exec(moments)?.[1];
      expect(call).toBeDefined();
      expect(seen).toContain(`before ${call}`);
      expect(moments).toMatch(/^after append step-done/m);
    },
  );

  it.each(crashing.changing.filter(({ command }) => thorough || !SLOW.includes(command.shared)))(
    '$line: a worker that dies again and again still makes each change once',
    { timeout: 240_000 },
    async ({ line }) => {
      const { wanted } = await unharmed(line);
      const now = restarts();
      const id = await approved(line);
      let deaths = 0;
      for (let at = 1; (await kernel.load(id)).status !== 'succeeded' && at < 100; at++) {
        const mortal = startMortal(kernel, at);
        await carry(id, mortal.work).catch(onlyCrash);
        if (mortal.died()) deaths++;
        await kernel.lapse();
      }
      expect(await kernel.load(id)).toMatchObject({ status: 'succeeded' });
      expect(deaths).toBeGreaterThan(10);
      expect({ state: state(), changes: changes(now) }).toEqual(wanted);
    },
  );

  it.each(registry.all.filter(({ watch }) => watch !== null))(
    '$name: its watch changes nothing, and says the same twice',
    async (command) => {
      if (command.shared === 'ca' && !hasOpenssl) return;
      const before = { state: state(), restarts: restarts() };
      const watched = async () => {
        const view = viewOf(kernel.work.world, adam, new Date(), alive());
        return command.watch?.({ ...view, owner: async () => null }, kernel.site.settings(command.name));
      };
      const [one, two] = [await watched(), await watched()];
      expect(one?.length).toBeGreaterThan(0);
      expect(two?.map(({ key }) => key)).toEqual(one?.map(({ key }) => key));
      expect(kernel.hub.history()).toEqual([]);
      expect({ state: state(), restarts: restarts() }).toEqual(before);
    },
  );

  it('keeps no secret in a record, a message or the log', async () => {
    const rows: unknown[] = [];
    for (let after = 0; ; ) {
      const page = await kernel.store.ledger.rows(after, 500);
      if (page.length === 0) break;
      rows.push(...page);
      after = page.at(-1)?.n ?? after;
    }
    const listed = await kernel.store.requests.list({ limit: 500 });
    const shown = await Promise.all(
      listed.map(async ({ id }) => {
        const request = await kernel.load(id);
        return [drawCard(request, 'low'), historyReply(request.id, await kernel.store.requests.events(id))];
      }),
    );
    const text = JSON.stringify([rows, listed, shown, kernel.log.lines]);
    expect(rows.length).toBeGreaterThan(100);
    const secrets = [
      ...kernel.secrets(),
      ...sandbox.clientKey.split('\n').filter((line) => line.length > 40),
      token,
    ];
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).not.toContain('PRIVATE KEY');
  });

  it('keeps the record whole', async () => {
    expect(await kernel.store.ledger.verify()).toMatchObject({ ok: true });
  });
});

interface Unharmed {
  readonly wanted: { readonly state: unknown; readonly changes: unknown };
  readonly crossings: readonly string[];
}

function read(line: string, command: Command) {
  const parsed = parse(line, registry);
  if (parsed.kind !== 'command') throw new Error(`${line} is ${parsed.kind}`);
  expect(parsed.command.name).toBe(command.name);
  expect(parsed.problems).toEqual({});
  return parsed;
}

/** Where to crash; each look at a job that goes on has the same boundaries again. */
function crashPoints(boundaries: number, { shared }: Command): readonly number[] {
  if (shared === 'ca') return pointsUpTo(boundaries, 3);
  if (shared !== 'repos') return pointsUpTo(boundaries, 6);
  const every = Math.ceil(boundaries / 16);
  return Array.from({ length: boundaries }, (_, index) => index + 1).filter((at) => at % every === every - 1);
}
