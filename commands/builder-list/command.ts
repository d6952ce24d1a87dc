import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { hostNames } from '../../src/core/fields.ts';
import { ago } from '../../src/core/listing.ts';
import { anyOf } from '../../src/core/recognise.ts';
import {
  BUILDER_NAME,
  BUILDER_WORDS,
  type Builder,
  channelsOf,
  listBuilders,
  NO_BUILDER,
  number,
  pickBuilders,
} from '../builders.ts';

/** A builder that has not checked in for so long takes no tasks: kojid checks in every 15 s or so. */
const SILENT_MS = 5 * 60_000;

export default defineCommand({
  name: 'builder list',
  summary: 'Show the builders: capacity, load, last check-in, channels',
  params: z.object({
    host: hostNames({
      title: 'Builder',
      hint: 'Leave it out for all; * stands for any letters.',
      example: 'builder*',
    }).optional(),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  examples: ['builder list', 'builder list builder*'],
  recognise: {
    words: [
      [...BUILDER_WORDS, ...anyOf(`koji, build, builds, task, tasks`)],
      anyOf(`stuck, busy, overloaded, idle, pending, takes no tasks, take no tasks, takes no builds,
          not starting, not start, dont start, doesnt start, not moving, waiting since,
          waiting for hours, not picked up, picked up, picks up, pick up, waiting for a builder,
          wait for a builder, in the queue, in free state, state free, status of, load of,
          which builders, what builders, how many builders, list of builders, builders up, builders down,
          builders alive, builders offline, all builders`),
    ],
    unless: [
      ...NO_BUILDER,
      ...anyOf(`github, gitlab, docs, documentation, website, container*, report task*, dynflow, build mode,
          provision*, puppet, sync*`),
    ],
    given: { host: BUILDER_NAME },
  },
  async plan({ host }, view): Promise<Answer> {
    const all = await listBuilders(view);
    const picked = host ? pickBuilders(host, all) : all;
    const rows = await Promise.all(picked.map((builder) => examine(builder, view)));
    const silent = rows.filter((row) => row.silent).map((row) => row.builder.name);
    const full = picked
      .filter((one) => one.enabled && one.capacity !== null && one.load >= one.capacity)
      .map((one) => one.name);
    const enabled = picked.filter((one) => one.enabled).length;
    return {
      kind: 'answer',
      title: `${picked.length} builder${picked.length === 1 ? '' : 's'}, ${enabled} enabled`,
      verdict: silent.length > 0 ? 'warn' : 'ok',
      lines: [
        ...(silent.length > 0
          ? [
              `No check-in for more than 5 minutes: ${silent.join(', ')}. They take no tasks; kojid or the machine may be down.`,
            ]
          : []),
        ...(full.length > 0 ? [`Full, so new tasks wait: ${full.join(', ')}.`] : []),
      ],
      table: {
        columns: ['Builder', 'State', 'Load', 'Capacity', 'Last check-in', 'Channels', 'Arches'],
        rows: rows.map(({ builder, seen, channels }) => [
          builder.name,
          builder.enabled ? 'enabled' : 'disabled',
          builder.load.toFixed(2),
          number(builder.capacity),
          seen ? ago(seen, view.now) : 'never',
          channels.join(', '),
          builder.arches.join(' '),
        ]),
      },
      next: [
        ...silent.slice(0, 1).map((name) => `nfs check ${name}`),
        ...(full.length > 0 ? ['help builder capacity'] : []),
      ],
    };
  },
});

async function examine(builder: Builder, view: View) {
  const [channels, seen] = await Promise.all([
    channelsOf(builder, view),
    builder.checkedIn ?? lastCheckIn(builder, view),
  ]);
  const silent = builder.enabled && (seen === null || view.now.getTime() - seen.getTime() > SILENT_MS);
  return { builder, channels, seen, silent };
}

/** Asked for each builder on hubs before 1.33; a date without a zone is the database's, which Koji keeps in UTC. */
async function lastCheckIn(builder: Builder, view: View): Promise<Date | null> {
  const text = z
    .string()
    .nullable()
    .parse(await view.hub.read({ method: 'getLastHostUpdate', args: [builder.id] }, view.signal));
  if (text === null) return null;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const date = new Date(zoned.replace(' ', 'T'));
  return Number.isNaN(date.getTime()) ? null : date;
}
