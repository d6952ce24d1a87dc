import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import builderCapacity from '../../commands/builder-capacity/command.ts';
import log from '../../commands/log/command.ts';
import { defineCommand, type Progress } from '../../src/core/command.ts';
import { identifier } from '../../src/core/fields.ts';
import type { Step } from '../../src/core/plan.ts';
import { createRegistry } from '../../src/core/registry.ts';
import type { World } from '../../src/core/world.ts';
import { jobScript } from '../../src/hosts/root-scripts.ts';
import { type Rig, script, startRig } from '../hosts/support.ts';
import { type Kernel, PEOPLE, startKernel } from '../support/kernel.ts';
import { makeClock } from './support.ts';

/** Counts itself, waits for `go-<tag>` below the pretend root, and ends with the exit code that stands there. */
export const syncScript = script(
  `#!/bin/bash
echo x >>"$SANDBOX_ROOT/ran-$1"
trap 'echo "stopped: half of it is there"; exit 9' TERM
echo "got 1 of 4"
while [[ ! -s $SANDBOX_ROOT/go-$1 ]]; do sleep 0.03; done
echo "last words of $1"
read -r code <"$SANDBOX_ROOT/go-$1"
rm "$SANDBOX_ROOT/go-$1"
exit "$code"
`,
  'sync.job.sh',
);

const known = z.object({ got: z.number(), lines: z.number() });

/** Counts lines, and remembers the last `got N`. */
const progress: Progress = {
  read: (before, text) => {
    const so = before === null ? { got: 0, lines: 0 } : known.parse(before);
    const got = [...text.matchAll(/^got (\d+)/gm)].at(-1)?.[1];
    return { got: got === undefined ? so.got : Number(got), lines: so.lines + text.split('\n').length - 1 };
  },
  says: (state) => `${known.parse(state).got} of 4 packages.`,
};

/** Steps as a test wants them, for `mirror sync <tag>`. */
export type Steps = (tag: string) => readonly Step[];

export const blank = { changes: [], evidence: [], guards: [] } as const;

export function jobStep(tag: string, over: Partial<Step> = {}): Step {
  return {
    key: `sync:${tag}`,
    title: `Sync ${tag}`,
    kind: 'once',
    effect: {
      kind: 'job',
      host: 'mirror',
      name: 'mrepo',
      script: syncScript.name,
      sha256: syncScript.sha256,
      args: [tag],
    },
    ...blank,
    ...over,
  };
}

export function handStep(what: string): Step {
  return {
    key: `hand:${what}`,
    title: `Put ${what} there`,
    kind: 'set',
    effect: { kind: 'hand', what },
    ...blank,
  };
}

/** A kernel whose `mirror sync <tag>` runs a job on a real host of the sandbox, and a clock. */
export async function startJobBench(options: { readonly through?: (world: World) => World } = {}) {
  const rig: Rig = await startRig(['mirror'], [jobScript, syncScript]);
  const { root } = rig.sandbox.world('mirror');
  const clock = makeClock();
  const steps: { now: Steps } = { now: (tag) => [jobStep(tag)] };
  const command = defineCommand({
    name: 'mirror sync',
    summary: 'Sync a mirror',
    params: z.object({ tag: identifier({ title: 'Tag', hint: 'A tag.', example: 'el8' }) }),
    risk: 'low',
    ask: ['packager', 'admin'],
    examples: ['mirror sync el8'],
    locks: () => ['mrepo'],
    plan: async ({ tag }) => ({ kind: 'plan', title: `Sync ${tag}`, steps: steps.now(tag) }),
    progress,
  });
  const kernel: Kernel = await startKernel({
    registry: createRegistry([command, builderCapacity, log]),
    hosts: rig.hosts,
    now: clock.now,
    ...options,
  });
  return {
    rig,
    kernel,
    clock,
    root,
    steps,
    /** Lets the job of this tag end. */
    end: (tag: string, code: number) => writeFileSync(join(root, `go-${tag}`), `${code}\n`),
    ran: (tag: string) =>
      existsSync(join(root, `ran-${tag}`)) ? readFileSync(join(root, `ran-${tag}`), 'utf8').length / 2 : 0,
    /** Waits until the job of this tag has ended, so often in all, and its exit code is written down. */
    async ended(tag: string, times = 1): Promise<void> {
      const runs = join(root, 'var/lib/steward-jobs/mrepo/runs');
      const of = (run: string) =>
        readFileSync(join(runs, run, 'log'), 'utf8').includes(`last words of ${tag}\n`);
      for (let tries = 0; tries < 400; tries++) {
        const over = readdirSync(runs).filter((run) => existsSync(join(runs, run, 'code')) && of(run));
        if (over.length >= times) return;
        await sleep(25);
      }
      throw new Error(`${tag} does not end`);
    },
    async approved(line: string): Promise<string> {
      const { id } = await kernel.ask(PEOPLE.maria, line);
      kernel.hinted.length = 0;
      await kernel.say(PEOPLE.adam, `approve ${id}`);
      return id;
    },
    /** Time goes by, and the worker does what is due then. */
    async later(ms: number): Promise<void> {
      clock.forward(ms);
      await kernel.sweep();
      await kernel.settle();
    },
    /** Puts the clock forward again and again until the request has this state. */
    async becomes(id: string, ...states: readonly string[]) {
      for (let tries = 0; tries < 60; tries++) {
        const request = await kernel.load(id);
        if (states.includes(request.status)) return request;
        await this.later(15_000);
      }
      const is = await kernel.load(id);
      throw new Error(`${id} is ${is.status} (${is.says}), not ${states.join(' or ')}`);
    },
    async close(): Promise<void> {
      await kernel.close();
      await rig.close();
    },
  };
}

export type JobBench = Awaited<ReturnType<typeof startJobBench>>;
