import type { z } from 'zod';
import type { Reply } from '../core/card.ts';
import type { Person, Place } from '../core/person.ts';
import { Unavailable } from '../core/refused.ts';
import type { viewBody } from './bodies.ts';
import type { People } from './people.ts';
import { originPlace, refusal } from './replies.ts';
import type { Ear, Voice } from './voice.ts';

/** Somebody at the desk. */
export interface Visit {
  readonly who: Person;
  readonly ear: Ear;
  readonly place: Place;
  readonly id: string;
  /** Opens a modal, for three seconds. */
  readonly trigger?: string;
  /** Replies are ordinary messages: in a direct message nobody else reads along. */
  readonly aloud?: boolean;
}

/** Lets people in, or tells them why not. */
export interface Entrance {
  /** The person, or null after telling them why they are refused. */
  admitted(ear: Ear, team: string | null | undefined): Promise<Person | null>;
  /** Whoever sent a modal that was opened in this place. */
  visitOf(
    body: z.output<typeof viewBody>,
    where: string,
    id: string,
  ): Promise<Visit | { readonly refused: Reply }>;
}

export function createEntrance(people: Pick<People, 'who'>, voice: Pick<Voice, 'whisper'>): Entrance {
  async function admitted(ear: Ear, team: string | null | undefined): Promise<Person | null> {
    const known = await people.who(ear.user, team);
    if (known.kind === 'person') return known.person;
    if (known.kind === 'unclear') throw new Unavailable('Slack', known.says);
    await voice.whisper(ear, refusal(known));
    return null;
  }

  async function visitOf(
    body: z.output<typeof viewBody>,
    where: string,
    id: string,
  ): Promise<Visit | { readonly refused: Reply }> {
    const known = await people.who(body.user.id, body.user.team_id);
    if (known.kind === 'unclear') throw new Unavailable('Slack', known.says);
    if (known.kind === 'refused') return { refused: refusal(known) };
    const [channel = '', thread] = where.split('/', 2);
    const ear = { user: body.user.id, channel: channel || null, ...(thread ? { thread } : {}) };
    return { who: known.person, ear, place: originPlace(where), id };
  }

  return { admitted, visitOf };
}
