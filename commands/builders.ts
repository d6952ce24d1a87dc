import { z } from 'zod';
import type { View } from '../src/core/command.ts';
import { nearest } from '../src/core/near.ts';
import { fitsPattern } from '../src/core/pattern.ts';
import { anyOf } from '../src/core/recognise.ts';
import { Refused } from '../src/core/refused.ts';

/** A builder as the hub lists it, in every version from 1.20 on. */
export interface Builder {
  readonly id: number;
  readonly name: string;
  readonly arches: readonly string[];
  /** Null where the hub holds NaN, which it lets anybody write. */
  readonly capacity: number | null;
  readonly load: number;
  readonly enabled: boolean;
  /** Last check-in; null: never, or a hub (before 1.33) that has to be asked for each builder. */
  readonly checkedIn: Date | null;
  readonly comment: string;
}

const listed = z.array(
  z.object({
    id: z.number(),
    name: z.string(),
    arches: z.string().nullish(),
    capacity: z.number().nullable(),
    task_load: z.number().nullish(),
    enabled: z.boolean(),
    update_ts: z.number().nullish(),
    comment: z.string().nullish(),
  }),
);

/** All builders, sorted by name: the hub's own order changes with every edit. */
export async function listBuilders(view: View): Promise<readonly Builder[]> {
  const rows = listed.parse(await view.hub.read({ method: 'listHosts', args: [] }, view.signal));
  return rows
    .map((row) => ({
      id: row.id,
      name: row.name,
      arches: (row.arches ?? '').split(' ').filter(Boolean),
      capacity: row.capacity,
      load: row.task_load ?? 0,
      enabled: row.enabled,
      checkedIn: row.update_ts ? new Date(row.update_ts * 1000) : null,
      comment: row.comment ?? '',
    }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** The builders of these names or patterns; `Refused` with a suggestion for one that the hub does not have. */
export function pickBuilders(names: readonly string[], all: readonly Builder[]): readonly Builder[] {
  const picked = names.flatMap((name) => {
    const found = all.filter((builder) => fitsPattern(builder.name, name));
    if (found.length > 0) return found;
    const meant = nearest(
      name,
      all.map((builder) => builder.name),
    );
    throw new Refused(
      `The hub has no builder called ${name}.${meant ? ` Did you mean ${meant}?` : ''}`,
      '`builder list` shows all of them.',
    );
  });
  return [...new Set(picked)];
}

/** The channels of a builder, by name. */
export async function channelsOf(builder: Builder, view: View): Promise<readonly string[]> {
  const rows = await view.hub.read({ method: 'listChannels', args: [builder.id] }, view.signal);
  return z
    .array(z.object({ name: z.string() }))
    .parse(rows)
    .map((row) => row.name)
    .sort();
}

/** Longest title that every front end shows whole. */
const TITLE = 140;

/** The reason where people look first: in the title, or in a note when it is a long one. */
export function withReason(
  what: string,
  because: string,
): { readonly title: string; readonly reason: readonly string[] } {
  const title = `${what}: ${because}`;
  return title.length <= TITLE ? { title, reason: [] } : { title: what, reason: [`Because: ${because}`] };
}

/** What a builder is doing, for those who decide. */
export function stateOf(builder: Builder): string {
  return `${builder.enabled ? 'enabled' : 'disabled'}, load ${round(builder.load)} of ${number(builder.capacity)}`;
}

/** `4`, `7.5`; a broken number in words. */
export function number(value: number | null): string {
  return value === null ? 'not a number' : String(round(value));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** How people call builders in posts. */
export const BUILDER_WORDS = anyOf(`builder*, kojibuilder*, kojid`);

/** What is near when a `builder` is none of Koji's, or a post none of ours. */
export const NO_BUILDER = anyOf(
  `rfc, proposal, propose, jenkins, copr, packit, image builder, form builder, query builder`,
);

/** A builder's name in running text: it has a digit, so that `our builder` is none, and `builder` in it or before it. */
export const BUILDER_NAME =
  /(?<![\w.@/-])((?=[a-z0-9.-]*\d)(?:[a-z0-9-]{0,40}builder[a-z0-9-]{0,40}|(?<=\bbuilder:? )[a-z][a-z0-9-]{1,60})(?:\.[a-z0-9-]{1,60}){0,5})(?![\w-])/i;

/** A reason in running text, to the end of its sentence. */
export const REASON = /\bbecause\s+((?:[^.!?\n]|[.!?](?=\S)){4,200})/i;
