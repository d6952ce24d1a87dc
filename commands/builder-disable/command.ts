import { z } from 'zod';
import { defineCommand, type View } from '../../src/core/command.ts';
import { hostName, words } from '../../src/core/fields.ts';
import type { Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import {
  BUILDER_NAME,
  BUILDER_WORDS,
  type Builder,
  channelsOf,
  listBuilders,
  NO_BUILDER,
  pickBuilders,
  REASON,
  stateOf,
  withReason,
} from '../builders.ts';

export default defineCommand({
  name: 'builder disable',
  summary: 'Stop a builder from taking new tasks; those that run go on',
  params: z.object({
    host: hostName({
      title: 'Builder',
      hint: 'The builder that is to take no more tasks.',
      example: 'builder2',
    }),
    because: words({
      title: 'Because',
      hint: 'Those who approve, and those who wait for builds, read it.',
      example: 'its disk is failing',
      named: true,
    }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: 'host',
  examples: ['builder disable builder2 because=its disk is failing'],
  recognise: {
    words: [
      BUILDER_WORDS,
      anyOf(`disable, be disabled, drain, stop using, take out, out of rotation, out of the rotation,
          out of service, take offline, take it offline, no more tasks, no new tasks, no more builds,
          no new builds, stop giving, stop sending, stop scheduling`),
    ],
    unless: [...NO_BUILDER, ...anyOf(`re-enable, dnf, yum`)],
    given: { host: BUILDER_NAME, because: REASON },
  },
  locks: ({ host }) => [`host:${host.toLowerCase()}`],
  async plan({ host, because }, view) {
    const all = await listBuilders(view);
    const [builder] = pickBuilders([host], all);
    if (!builder?.enabled)
      return { kind: 'plan', title: `${builder?.name ?? host} is disabled already`, steps: [] };
    const step: Step = {
      key: `enabled:${builder.name}`,
      title: `Disable ${builder.name}`,
      kind: 'set',
      effect: { kind: 'hub', method: 'disableHost', args: [builder.name] },
      changes: [{ what: builder.name, before: 'enabled', after: 'disabled' }],
      evidence: [{ label: builder.name, value: stateOf(builder) }],
      guards: [],
      inverse: { command: 'builder enable', given: { host: builder.name }, restores: 'full' },
    };
    const { title, reason } = withReason(`Disable ${builder.name}`, because);
    const missed = await onlyHere(builder, all, view);
    return {
      kind: 'plan',
      title,
      steps: [step],
      notes: [
        ...reason,
        ...missed.map((what) => `Nobody else does ${what}: such tasks will wait until it is enabled again.`),
      ],
    };
  },
});

/** Arches and channels that no other enabled builder serves. */
async function onlyHere(builder: Builder, all: readonly Builder[], view: View): Promise<readonly string[]> {
  const others = all.filter((one) => one.enabled && one.id !== builder.id);
  const arches = builder.arches.filter((arch) => !others.some((one) => one.arches.includes(arch)));
  const [mine = [], ...theirs] = await Promise.all([builder, ...others].map((one) => channelsOf(one, view)));
  const channels = mine.filter((channel) => !theirs.some((list) => list.includes(channel)));
  return [...arches.map((arch) => `${arch} builds`), ...channels.map((channel) => `the channel ${channel}`)];
}
