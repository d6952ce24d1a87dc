import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { hostName } from '../../src/core/fields.ts';
import type { Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { BUILDER_NAME, BUILDER_WORDS, listBuilders, NO_BUILDER, pickBuilders, stateOf } from '../builders.ts';

export default defineCommand({
  name: 'builder enable',
  summary: 'Let a builder take tasks again',
  params: z.object({
    host: hostName({ title: 'Builder', hint: 'The builder that is to take tasks.', example: 'builder3' }),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: 'host',
  examples: ['builder enable builder3'],
  recognise: {
    words: [
      BUILDER_WORDS,
      anyOf(`enable, re-enable, be enabled, reenable, back in rotation, back into rotation,
          back into the rotation, back in service, bring back, put back, tasks again, builds again,
          turn on, back on, back online`),
    ],
    unless: [...NO_BUILDER, ...anyOf(`dnf, yum, module, repo*, plugin*, selinux, fips`)],
    given: { host: BUILDER_NAME },
  },
  locks: ({ host }) => [`host:${host.toLowerCase()}`],
  async plan({ host }, view) {
    const [builder] = pickBuilders([host], await listBuilders(view));
    if (!builder || builder.enabled)
      return { kind: 'plan', title: `${builder?.name ?? host} is enabled already`, steps: [] };
    const step: Step = {
      key: `enabled:${builder.name}`,
      title: `Enable ${builder.name}`,
      kind: 'set',
      effect: { kind: 'hub', method: 'enableHost', args: [builder.name] },
      changes: [{ what: builder.name, before: 'disabled', after: 'enabled' }],
      evidence: [{ label: builder.name, value: stateOf(builder) }],
      guards: [],
      inverse: {
        command: 'builder disable',
        given: { host: builder.name, because: 'it was disabled before' },
        restores: 'full',
      },
    };
    return {
      kind: 'plan',
      title: `Enable ${builder.name}`,
      steps: [step],
      notes: builder.comment ? [`The hub's comment on it: ${builder.comment}`] : [],
    };
  },
});
