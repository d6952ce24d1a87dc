import { z } from 'zod';
import type { Notice } from './notice.ts';
import type { PlaceStore, RequestStore } from './store.ts';

const service = z.enum(['slack', 'discourse']);

/** Where a message may stand. Stored while it is on its way. */
export const spot = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('channel'), service: z.literal('slack'), channel: z.string() }),
  z.object({ kind: z.literal('topic'), service: z.literal('discourse'), topic: z.number() }),
  /** A new topic; null: in the category that is watched. */
  z.object({
    kind: z.literal('category'),
    service: z.literal('discourse'),
    category: z.string().nullable(),
  }),
  /** Where a request was asked: its thread or topic. */
  z.object({
    kind: z.literal('request'),
    service,
    request: z.string(),
    where: z.string(),
    person: z.string(),
  }),
  /** In private. */
  z.object({ kind: z.literal('direct'), service, person: z.string() }),
]);

export type Spot = z.output<typeof spot>;
export type Service = z.output<typeof service>;

/** One way on which a message is told once: the places to try, the best first. */
export interface Way {
  readonly name: string;
  /** As they are at this moment. */
  spots(): Promise<readonly Spot[]>;
}

/** What the config says of audiences, and which services there are. */
export interface RouteOptions {
  readonly slack: { readonly approversChannel: string | null } | null;
  readonly forum: boolean;
  readonly audiences: Readonly<
    Record<
      string,
      {
        readonly slack?: string | undefined;
        readonly forum?: true | number | { readonly category: string } | undefined;
      }
    >
  >;
}

/** How many of somebody's requests are looked at for where they last asked. */
const LOOKED_AT = 100;

/** Works out where a message is to be told. */
export type Routes = (notice: Notice) => readonly Way[];

export function createRoutes(deps: {
  readonly options: RouteOptions;
  readonly requests: Pick<RequestStore, 'list'>;
  readonly places: Pick<PlaceStore, 'of'>;
}): Routes {
  const { options, requests, places } = deps;
  const services: readonly Service[] = [
    ...(options.slack ? (['slack'] as const) : []),
    ...(options.forum ? (['discourse'] as const) : []),
  ];

  const way = (name: string, ...spots: readonly Spot[]): Way => ({ name, spots: async () => spots });

  function approvers(): readonly Spot[] {
    const channel = options.slack?.approversChannel ?? null;
    return [
      ...(channel === null ? [] : [{ kind: 'channel', service: 'slack', channel } as const]),
      ...(options.forum ? [{ kind: 'category', service: 'discourse', category: null } as const] : []),
    ];
  }

  function audience(name: string): readonly Way[] {
    const { slack, forum } = options.audiences[name] ?? {};
    const ways: Way[] = [];
    if (slack !== undefined && options.slack)
      ways.push(way('slack', { kind: 'channel', service: 'slack', channel: slack }));
    if (typeof forum === 'number' && options.forum) {
      // A topic in which nobody else speaks takes no more than a few posts of ours.
      ways.push(way('forum', { kind: 'topic', service: 'discourse', topic: forum }, ...approvers()));
    } else if (forum !== undefined && options.forum) {
      const category = typeof forum === 'object' ? forum.category : null;
      ways.push(way('forum', { kind: 'category', service: 'discourse', category }));
    }
    return ways.length > 0 ? ways : [way('approvers', ...approvers())];
  }

  /** Where they last asked for something like it. */
  async function lastAsked(person: string, likeCommands: readonly string[]): Promise<readonly Spot[]> {
    for (const listed of await requests.list({ asker: person, limit: LOOKED_AT })) {
      if (!likeCommands.includes(listed.command)) continue;
      const asked = (await places.of(listed.id)).find(
        (place) => place.purpose === 'origin' && services.some((one) => one === place.kind),
      );
      const read = service.safeParse(asked?.kind);
      if (asked && read.success)
        return [{ kind: 'request', service: read.data, request: listed.id, where: asked.where, person }];
    }
    return [];
  }

  return ({ to }) => {
    if (to.kind === 'audience') return audience(to.name);
    if (to.kind === 'approvers') return [way('approvers', ...approvers())];
    const { person, likeCommands } = to;
    const direct = services.map((one): Spot => ({ kind: 'direct', service: one, person }));
    return [
      {
        name: 'person',
        spots: async () => [...(await lastAsked(person, likeCommands)), ...direct, ...approvers()],
      },
    ];
  };
}
