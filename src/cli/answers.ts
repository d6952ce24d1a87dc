import { z } from 'zod';
import { STATUSES } from '../core/request.ts';

// What the server answers, as far as the terminal shows it. Loose, so that a newer server can say more.

const tone = z.enum(['info', 'good', 'warn', 'bad']);
const table = z.looseObject({ columns: z.array(z.string()), rows: z.array(z.array(z.string())) });
const labelled = z.looseObject({ label: z.string(), value: z.string() });

const reply = z.looseObject({
  tone,
  title: z.string(),
  lines: z.array(z.string()),
  table: table.exactOptional(),
  next: z.array(z.string()).exactOptional(),
});

const answer = z.looseObject({
  kind: z.literal('answer'),
  title: z.string(),
  verdict: z.enum(['ok', 'warn', 'bad']),
  lines: z.array(z.string()).exactOptional(),
  table: table.exactOptional(),
  texts: z.array(z.looseObject({ title: z.string(), text: z.string() })).exactOptional(),
  file: z
    .looseObject({
      name: z.string(),
      bytes: z.number(),
      last: z.string(),
      elsewhere: z.string(),
      line: z.string(),
    })
    .exactOptional(),
  next: z.array(z.string()).exactOptional(),
});

const step = z.looseObject({
  title: z.string(),
  state: z.enum(['todo', 'started', 'done', 'failed', 'unknown']),
  changes: z.array(z.looseObject({ what: z.string(), before: z.string(), after: z.string() })),
  evidence: z.array(labelled),
  guards: z.array(z.looseObject({ text: z.string(), holds: z.boolean(), saw: z.string() })),
  undo: z.enum(['full', 'partial', 'none']),
  call: z.string(),
  digest: z.string(),
  says: z.string().nullable(),
});

const card = z.looseObject({
  id: z.string(),
  seq: z.number(),
  title: z.string(),
  status: z.enum(STATUSES),
  tone,
  line: z.string(),
  next: z.string().nullable(),
  fields: z.array(labelled),
  decideRoles: z.array(z.string()),
  steps: z.array(step),
  notes: z.array(z.string()),
  answer: answer.nullable(),
  actions: z.array(
    z.looseObject({
      verb: z.enum([
        'approve',
        'deny',
        'cancel',
        'undo',
        'resume',
        'resolve-done',
        'resolve-not-done',
        'log',
      ]),
      label: z.string(),
      style: z.enum(['primary', 'danger', 'plain']),
      line: z.string(),
      may: z.looseObject({
        roles: z.array(z.string()),
        asker: z.enum(['too', 'not', 'as-any']),
        says: z.string(),
      }),
    }),
  ),
  // A server of before has none.
  links: z.array(z.looseObject({ text: z.string(), url: z.string() })).default([]),
  footer: z.string(),
  plan: z.number(),
  asker: z.string(),
  risk: z.enum(['read', 'low', 'high']),
  notice: z.looseObject({ kind: z.enum(['decision', 'end']), key: z.string(), text: z.string() }).nullable(),
});

const form = z.looseObject({
  command: z.string(),
  summary: z.string(),
  usage: z.string(),
  fields: z.array(
    z.looseObject({
      name: z.string(),
      title: z.string(),
      hint: z.string(),
      kind: z.enum(['line', 'text', 'choice']),
      choices: z.array(z.string()),
      optional: z.boolean(),
      example: z.string(),
      value: z.string(),
      problem: z.string().nullable(),
    }),
  ),
});

const said = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('request'),
    id: z.string(),
    isNew: z.boolean(),
    queued: z.boolean(),
    says: z.string().optional(),
  }),
  z.looseObject({ kind: z.literal('decided'), id: z.string(), reply }),
  z.looseObject({ kind: z.literal('reply'), reply }),
  z.looseObject({ kind: z.literal('form'), form }),
]);

/** The answer to a line. */
export const saidAnswer = z.looseObject({ said, card: card.nullable() });
/** The answer to a look at a request. */
export const cardAnswer = z.looseObject({ card });
/** Any complaint of the server. */
export const complaint = z.looseObject({ says: z.string() });

export type SaidAnswer = z.output<typeof saidAnswer>;
export type ShownCard = z.output<typeof card>;
