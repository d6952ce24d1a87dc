import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { decimal, hostNames } from '../../src/core/fields.ts';
import type { Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import {
  BUILDER_NAME,
  BUILDER_WORDS,
  type Builder,
  listBuilders,
  NO_BUILDER,
  number,
  pickBuilders,
  stateOf,
} from '../builders.ts';

const KEY = 'capacity:';

// Koji refuses 1 and less; so much that nobody means it is more likely a slip.
const capacityField = decimal(
  { title: 'Capacity', hint: 'A number above 1: about one for each task at a time.', example: '8' },
  { above: 1, most: 10_000 },
);

/** `raise it from 4 to 12`: the number that something is to be raised or lowered to, and no size or time. */
const WANTED =
  /\b(?:capacity|slots?|raise|increase|bump|lower|reduce|decrease|set|change)\b(?:[^.]|\.(?=\S)){0,80}?(?:\bto|=)\s*(\d{1,5}(?:\.\d{1,4})?)\b(?!\.\d|:|\s?(?:%|[kmgt]i?b\b|cores?|v?cpus?|days?|hours?|minutes?|weeks?))/i;

export default defineCommand({
  name: 'builder capacity',
  summary: 'Set how much work a builder takes at once',
  params: z.object({
    host: hostNames({
      title: 'Builder',
      hint: 'One builder, or several with commas; * stands for any letters.',
      example: 'builder2',
    }),
    capacity: capacityField,
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  hubPermission: 'host',
  examples: [
    'builder capacity builder2 8',
    'builder capacity builder1,builder3 12.5',
    'builder capacity builder* 10',
  ],
  recognise: {
    words: [
      BUILDER_WORDS,
      anyOf(`capacity, slot*, more room, no room, more tasks, more jobs, more builds, at once, at a time,
          in parallel, maxjobs`),
      anyOf(`raise, increase, bump, higher, more, lower, reduce, decrease, fewer, less, set, change, adjust,
          double, halve, give`),
    ],
    unless: [...NO_BUILDER, ...anyOf(`disk*, memory`)],
    given: { host: BUILDER_NAME, capacity: WANTED },
  },
  // A pattern names nothing that can be locked; the steps do.
  locks: ({ host }, steps) => [
    ...host.filter((name) => !name.includes('*')).map((name) => `host:${name.toLowerCase()}`),
    ...steps
      .filter((step) => step.key.startsWith(KEY))
      .map((step) => `host:${step.key.slice(KEY.length).toLowerCase()}`),
  ],
  async plan({ host, capacity }, view) {
    const builders = pickBuilders(host, await listBuilders(view));
    const steps = builders
      .filter((builder) => builder.capacity !== capacity)
      .map((builder) => stepFor(builder, capacity));
    const disabled = builders
      .filter((builder) => !builder.enabled && builder.capacity !== capacity)
      .map((builder) => builder.name);
    return {
      kind: 'plan',
      title: titleOf(builders, steps, capacity),
      steps,
      notes:
        disabled.length > 0
          ? [`${disabled.join(', ')}: disabled, so the capacity has no effect until it is enabled.`]
          : [],
    };
  },
});

function stepFor(builder: Builder, capacity: number): Step {
  const before = number(builder.capacity);
  return {
    key: `${KEY}${builder.name}`,
    title: `Set the capacity of ${builder.name} to ${capacity}`,
    kind: 'set',
    effect: { kind: 'hub', method: 'editHost', args: [builder.name], kwargs: { capacity } },
    changes: [{ what: `capacity of ${builder.name}`, before, after: String(capacity) }],
    evidence: [{ label: builder.name, value: stateOf(builder) }],
    guards: [],
    ...inverseFor(builder),
  };
}

/** What cannot be asked for cannot be restored either: NaN, 1 and less; more digits than people type, only roughly. */
function inverseFor(builder: Builder): Pick<Step, 'inverse'> {
  const given = (text: string) => ({ host: builder.name, capacity: text });
  const exact = String(builder.capacity);
  if (capacityField.safeParse(exact).success)
    return { inverse: { command: 'builder capacity', given: given(exact), restores: 'full' } };
  const rough = number(builder.capacity);
  if (!capacityField.safeParse(rough).success) return {};
  const leaves = `${builder.name} had ${exact}, which gets rounded`;
  return { inverse: { command: 'builder capacity', given: given(rough), restores: 'partial', leaves } };
}

function titleOf(builders: readonly Builder[], steps: readonly Step[], capacity: number): string {
  const [only] = builders;
  if (builders.length !== 1 || !only)
    return `Set the capacity of ${steps.length || builders.length} builders to ${capacity}`;
  if (only.capacity === null) return `Set the capacity of ${only.name} to ${capacity}`;
  if (only.capacity === capacity) return `The capacity of ${only.name} is ${capacity} already`;
  const verb = capacity > only.capacity ? 'Raise' : 'Lower';
  return `${verb} the capacity of ${only.name} from ${number(only.capacity)} to ${capacity}`;
}
