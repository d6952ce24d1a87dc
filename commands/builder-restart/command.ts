import { z } from 'zod';
import { defineCommand, type View } from '../../src/core/command.ts';
import { hostName, words } from '../../src/core/fields.ts';
import type { Intent, Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { loadScript, scriptRun } from '../../src/core/script.ts';
import {
  BUILDER_NAME,
  BUILDER_WORDS,
  type Builder,
  listBuilders,
  NO_BUILDER,
  pickBuilders,
  REASON,
  stateOf,
  withReason,
} from '../builders.ts';
import { type Kojid, lookAtKojid } from './kojid.ts';

const restart = loadScript(new URL('./root/restart-kojid.sh', import.meta.url));

/** Koji's task states OPEN and ASSIGNED. */
const AT_WORK = [1, 4];
const MARK = 'start mark';
/** A start this little before the intent still counts as ours: the two lengths are measured by two machines. */
const SLACK_MS = 30_000;

const tasks = z.array(z.object({ id: z.number(), method: z.string() }));

export default defineCommand({
  name: 'builder restart',
  summary: 'Restart kojid, the build daemon, on a builder',
  params: z.object({
    host: hostName({ title: 'Builder', hint: 'The builder whose kojid is restarted.', example: 'builder2' }),
    because: words({
      title: 'Because',
      hint: 'Those who approve read it, and it stays in the record.',
      example: 'it takes no tasks since the network change',
      named: true,
    }),
  }),
  risk: 'low',
  ask: ['admin'],
  approval: { roles: ['admin'] },
  examples: ['builder restart builder2 because=it takes no tasks since the network change'],
  recognise: {
    words: [
      BUILDER_WORDS,
      anyOf(`restart, restarting, bounce, kojid died, kojid crashed, kojid is dead, kojid is down,
          kick kojid, kick the builder`),
    ],
    unless: NO_BUILDER,
    given: { host: BUILDER_NAME, because: REASON },
  },
  locks: ({ host }) => [`host:${host.toLowerCase()}`],
  plan: async ({ host, because }, view) => {
    const [builder] = pickBuilders([host], await listBuilders(view));
    if (!builder) throw new Error('a builder was picked and is not there');
    if (!view.hosts.names().includes(builder.name))
      throw new Refused(
        `The hub knows ${builder.name}, but Steward has no SSH access to a host of that name.`,
        'An admin adds it to `hosts` in the config.',
      );
    const { title, reason } = withReason(`Restart kojid on ${builder.name}`, because);
    const [kojid, running] = await Promise.all([
      lookAtKojid(builder.name, view),
      runningTasks(builder, view),
    ]);
    return {
      kind: 'plan',
      title,
      steps: [stepFor(builder, kojid, running)],
      notes: [
        ...reason,
        ...(running.length > 0 && !kojid.keepsTasks
          ? [
              `The ${running.length} running tasks will be killed: kojid.service there lacks KillMode=process.`,
            ]
          : []),
        ...(kojid.state === 'active' ? [] : [`kojid is ${kojid.state} now; the restart starts it.`]),
      ],
    };
  },
  happened,
});

async function runningTasks(builder: Builder, view: View): Promise<z.output<typeof tasks>> {
  const opts = { host_id: builder.id, state: AT_WORK };
  return tasks.parse(await view.hub.read({ method: 'listTasks', args: [opts] }, view.signal));
}

function stepFor(builder: Builder, kojid: Kojid, running: z.output<typeof tasks>): Step {
  const ids = running.map((task) => `${task.method} ${task.id}`);
  return {
    key: `restart:${builder.name}`,
    title: `Restart kojid on ${builder.name}`,
    kind: 'once',
    effect: scriptRun(builder.name, restart, []),
    changes: [{ what: `kojid on ${builder.name}`, before: kojid.state, after: 'active, started anew' }],
    evidence: [
      { label: builder.name, value: stateOf(builder) },
      {
        label: 'running tasks',
        value:
          ids.length === 0
            ? 'none'
            : `${ids.length}: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`,
      },
      { label: 'kojid since', value: kojid.sinceText },
      { label: MARK, value: kojid.mark },
    ],
    guards: [],
  };
}

/**
 * Has kojid been started anew since the intent? The plan holds which start it saw, by the host's own clocks; and
 * how long ago the present one was is compared with how long ago the intent was, so the two machines'
 * clocks need not agree.
 */
async function happened({ step, at }: Intent, view: View): Promise<'done' | 'not-done' | 'unknown'> {
  if (step.effect.kind !== 'host') return 'unknown';
  const seen = step.evidence.find((one) => one.label === MARK)?.value;
  const kojid = await lookAtKojid(step.effect.host, view).catch((error: unknown) => {
    if (error instanceof Unavailable) return null;
    throw error;
  });
  // Stopping or starting: the restart may be under way this moment.
  if (!kojid || !['active', 'failed', 'inactive'].includes(kojid.state)) return 'unknown';
  if (kojid.mark === seen) return kojid.state === 'active' ? 'not-done' : 'unknown';
  if (kojid.ageMs === null) return 'unknown';
  return kojid.ageMs <= view.now.getTime() - at.getTime() + SLACK_MS ? 'done' : 'not-done';
}
