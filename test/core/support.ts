import { z } from 'zod';
import builderCapacity from '../../commands/builder-capacity/command.ts';
import builderDisable from '../../commands/builder-disable/command.ts';
import builderEnable from '../../commands/builder-enable/command.ts';
import builderList from '../../commands/builder-list/command.ts';
import { type Command, defineCommand } from '../../src/core/command.ts';
import { hostName, identifier, words } from '../../src/core/fields.ts';
import type { Guard, Intent, Step } from '../../src/core/plan.ts';
import { createRegistry } from '../../src/core/registry.ts';
import type { Request } from '../../src/core/request.ts';
import { type Kernel, type KernelOptions, startKernel } from '../support/kernel.ts';

export const BUILDER_COMMANDS: readonly Command[] = [
  builderCapacity,
  builderDisable,
  builderEnable,
  builderList,
];

/** A clock that a test can put forward. */
export function makeClock() {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    forward: (ms: number) => {
      ahead += ms;
    },
    back: () => {
      ahead = 0;
    },
  };
}

export const HOUR = 3_600_000;
export const MINUTE = 60_000;

/** `repo regen <tag>`: a `once` step on the hub, and what its own look finds is up to the test. */
export function makeRegen() {
  type Found = 'done' | 'not-done' | 'unknown';
  const found: { says: Found | Error | ((intent: Intent) => Found); asked: Intent[] } = {
    says: 'unknown',
    asked: [],
  };
  const command = defineCommand({
    name: 'repo regen',
    summary: 'Make the repository of a tag anew',
    params: z.object({ tag: identifier({ title: 'Tag', hint: 'A build tag.', example: 'el8-build' }) }),
    risk: 'low',
    ask: ['packager', 'admin'],
    examples: ['repo regen foreman-nightly-el8-build'],
    locks: () => ['mrepo'],
    plan: async ({ tag }) => ({
      kind: 'plan',
      title: `Regenerate ${tag}`,
      steps: [step(`regen:${tag}`, `Regenerate ${tag}`, 'once', 'newRepo', [tag])],
    }),
    happened: async (intent) => {
      found.asked.push(intent);
      if (found.says instanceof Error) throw found.says;
      return typeof found.says === 'function' ? found.says(intent) : found.says;
    },
  });
  return { command, found };
}

/** `builder comment <host> …`: needs two people, and its one guard is up to the test. */
export function makeComment() {
  const guard: { now: Guard } = { now: { text: '40 GB of free space', holds: true, saw: '52 GB' } };
  const command = defineCommand({
    name: 'builder comment',
    summary: 'Write a comment on a builder',
    params: z.object({
      host: hostName({ title: 'Builder', hint: 'A builder.', example: 'builder2' }),
      text: words({ title: 'Text', hint: 'The comment.', example: 'being mended' }),
    }),
    risk: 'high',
    ask: ['packager', 'admin'],
    examples: ['builder comment builder2 being mended'],
    locks: ({ host }) => [`host:${host}`],
    async plan({ host, text }, view) {
      const row = z
        .object({ comment: z.string().nullable() })
        .parse(await view.hub.read({ method: 'getHost', args: [host] }, view.signal));
      const wanted = {
        ...step(`comment:${host}`, `Comment on ${host}`, 'set', 'editHost', [host]),
        guards: [guard.now],
      };
      return {
        kind: 'plan',
        title: `Comment on ${host}`,
        steps:
          row.comment === text
            ? []
            : [
                {
                  ...wanted,
                  effect: { kind: 'hub', method: 'editHost', args: [host], kwargs: { comment: text } },
                  inverse: {
                    command: 'builder comment',
                    given: { host, text: row.comment ?? 'none' },
                    restores: 'partial',
                    leaves: 'a comment stays where there was none',
                  },
                },
              ],
      };
    },
  });
  return { command, guard };
}

/** `builder pair <host>`: two steps that do not go together, a `set` and then a `once` of this request. */
function makePair(): Command {
  return defineCommand({
    name: 'builder pair',
    summary: 'Set the capacity of a builder to 20, then make a repository anew',
    params: z.object({ host: hostName({ title: 'Host', hint: 'A builder.', example: 'builder2' }) }),
    risk: 'low',
    ask: ['packager', 'admin'],
    examples: ['builder pair builder2'],
    locks: ({ host }) => [`host:${host}`],
    async plan({ host }, view) {
      const made = await builderCapacity.plan({ host, capacity: '20' }, view, undefined);
      if (made.kind !== 'plan') throw new Error('not a plan');
      const regen = step('regen', 'Regenerate', 'once', 'newRepo', ['foreman-nightly-el8-build']);
      return { ...made, title: `Prepare ${host}`, steps: [...made.steps, regen] };
    },
    happened: async () => 'not-done',
  });
}

export function step(
  key: string,
  title: string,
  kind: Step['kind'],
  method: string,
  args: readonly string[],
): Step {
  return {
    key,
    title,
    kind,
    effect: { kind: 'hub', method, args },
    changes: [],
    evidence: [],
    guards: [],
  };
}

/** A kernel with the builder commands, the two above, and a clock. */
export async function startBench(options: KernelOptions = {}) {
  const clock = makeClock();
  const regen = makeRegen();
  const comment = makeComment();
  const registry = createRegistry([...BUILDER_COMMANDS, regen.command, comment.command, makePair()]);
  const kernel = await startKernel({ registry, now: clock.now, ...options });
  const first = JSON.stringify(kernel.hub.world.hosts);
  return {
    kernel,
    clock,
    found: regen.found,
    guard: comment.guard,
    builder(name: string) {
      const found = kernel.hub.world.hosts.find((host) => host.name === name);
      if (!found) throw new Error(`no ${name}`);
      return found;
    },
    /** Calls of this method that the hub carried out. */
    calls: (method: string) => kernel.hub.history().filter((call) => call.method === method).length,
    /** The first world, a hub that behaves, nothing frozen. */
    async reset(): Promise<void> {
      await kernel.hub.behave();
      await kernel.store.notes.set('freeze', null);
      kernel.hub.world.hosts = JSON.parse(first) as typeof kernel.hub.world.hosts;
      kernel.hub.world.changes = [];
      kernel.hinted.length = 0;
      regen.found.says = 'unknown';
      regen.found.asked.length = 0;
      comment.guard.now = { text: '40 GB of free space', holds: true, saw: '52 GB' };
    },
    /** Puts the clock forward again and again, until the request has this state: a loaded machine may be slow. */
    async becomes(id: string, status: Request['status']): Promise<Request> {
      for (let tries = 0; tries < 20; tries++) {
        const request = await this.later(3_000, id);
        if (request.status === status) return request;
      }
      throw new Error(`${id} is ${(await kernel.load(id)).status}, not ${status}`);
    },
    /** Puts the clock forward, and lets the sweeper and the worker do what is due then. */
    async later(ms: number, id: string): Promise<Request> {
      clock.forward(ms);
      await kernel.sweep();
      await kernel.settle();
      return kernel.load(id);
    },
  };
}

export type Bench = Awaited<ReturnType<typeof startBench>>;

/** The title and lines of what somebody was told. */
export function told(said: Awaited<ReturnType<Kernel['say']>>): string {
  if (said.kind === 'reply' || said.kind === 'decided')
    return [said.reply.title, ...said.reply.lines].join(' ');
  if (said.kind === 'form')
    return said.form.fields
      .flatMap((field) => (field.problem ? [`${field.name}: ${field.problem}`] : []))
      .join(' ');
  return `request ${said.id}`;
}
