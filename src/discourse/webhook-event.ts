import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Hinted } from './hints.ts';

/** What a webhook tells of. */
export type WebhookEvent =
  | { readonly kind: 'ping' }
  | { readonly kind: 'nothing' }
  /** `id`: the same for every delivery of the same thing. */
  | { readonly kind: 'hint'; readonly id: string; readonly topic: number; readonly post: Hinted }
  | { readonly kind: 'malformed'; readonly says: string };

const id = z.int().nonnegative();
const text = z.string().max(100).nullish();

const ping = z.object({ ping: z.string() });
/** Read before anything else: what is of no concern is not looked into. */
const scope = z.object({
  category_id: z.int().nullish(),
  topic_archetype: text,
  archetype: text,
  user_id: z.int().nullish(),
});
const post = z.object({
  id,
  topic_id: id,
  post_number: id,
  version: z.int().nullish(),
  updated_at: text,
  deleted_at: text,
});
const topic = z.object({ id });

/** The header is not signed, so a body sent again under every name there is must not look new for ever. */
const EVENT = /^(post|topic)_(?:created|edited|revised|destroyed|recovered)$/u;

/** Reads a body whose signature was checked. `event` comes from a header, which is not signed. */
export function readEvent(
  event: string,
  body: Buffer,
  ours: { readonly category: number; readonly self: number | null },
): WebhookEvent {
  const json = z.record(z.string(), z.unknown()).safeParse(parseJson(body)).data;
  if (!json) return { kind: 'malformed', says: 'no JSON object' };
  if (ping.safeParse(json).success) return { kind: 'ping' };
  if (event === '') return { kind: 'malformed', says: 'no name of an event' };
  const what = EVENT.exec(event)?.[1];
  if (what === undefined) return { kind: 'nothing' };
  const about = json[what];
  const seen = scope.safeParse(about);
  if (!seen.success) return { kind: 'malformed', says: `${event} without a ${what}` };
  // Without a category filter the forum sends private messages here too.
  if (seen.data.category_id !== ours.category) return { kind: 'nothing' };
  if ([seen.data.topic_archetype, seen.data.archetype].includes('private_message'))
    return { kind: 'nothing' };
  return what === 'post' ? postEvent(event, about, body, ours.self) : topicEvent(event, about, body);
}

function postEvent(event: string, about: unknown, body: Buffer, self: number | null): WebhookEvent {
  if (scope.parse(about).user_id === self) return { kind: 'nothing' };
  const read = post.safeParse(about);
  if (!read.success) return malformed(event, read.error);
  const { id, topic_id, post_number, version, updated_at, deleted_at } = read.data;
  const state = [event, id, version, updated_at, deleted_at];
  const known = version !== undefined || updated_at !== undefined;
  return {
    kind: 'hint',
    id: idOf(known ? state : [event, id, digestOf(body)]),
    topic: topic_id,
    post: { id, number: post_number, made: event === 'post_created' },
  };
}

/** A topic's event has no version, so its whole body tells whether it is the same one. */
function topicEvent(event: string, about: unknown, body: Buffer): WebhookEvent {
  const read = topic.safeParse(about);
  if (!read.success) return malformed(event, read.error);
  return { kind: 'hint', id: idOf([event, read.data.id, digestOf(body)]), topic: read.data.id, post: null };
}

function malformed(event: string, error: z.ZodError): WebhookEvent {
  const [issue] = error.issues;
  return { kind: 'malformed', says: `${event}: ${issue?.path.join('.')}: ${issue?.message}` };
}

function idOf(parts: readonly unknown[]): string {
  return `discourse:hook:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url');
}

function parseJson(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return value;
  } catch {
    return null;
  }
}
