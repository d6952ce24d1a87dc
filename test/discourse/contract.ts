import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { z } from 'zod';

// Discourse's own description of its API, beside this checkout or one folder above.
const FILES = ['../../../shared', '../../../../shared'].map((folder) =>
  join(import.meta.dirname, folder, 'contracts/discourse/openapi.json'),
);
const FILE = FILES.find(existsSync);

/** Is the description there? */
export const hasContract = FILE !== undefined;

/** What a test's name says where it is not. */
export const whyNot = hasContract ? '' : ' (skipped: no contracts beside this checkout)';

/** A request as it went out. */
export interface Outgoing {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body?: unknown;
}

/** What the description leaves out, and why it is right all the same. */
const EXCEPTIONS: readonly {
  readonly path: RegExp;
  /** The operation that it is, in the description's words; null: it has none. */
  readonly as: string | null;
  readonly query: readonly string[];
  readonly why: string;
}[] = [
  {
    path: /^\/c(?:\/[^/]+)+\/\d+\/l\/latest\.json$/u,
    as: '/c/{slug}/{id}.json',
    query: ['page', 'order'],
    why: 'a category below another has its slugs one after the other in the address; page is what the list itself links to, and order is as in /latest.json',
  },
  {
    path: /^\/t\/\d+\.json$/u,
    as: '/t/{id}.json',
    query: ['include_raw'],
    why: 'the controller reads it; without it there is HTML only',
  },
  {
    path: /^\/t\/\d+\/posts\.json$/u,
    as: '/t/{id}/posts.json',
    query: ['post_ids[]', 'post_number', 'asc', 'include_raw'],
    why: 'the description puts post_ids into the body of a GET, and leaves out what the controller reads beside it',
  },
  {
    path: /^\/session\/scopes\.json$/u,
    as: null,
    query: [],
    why: 'is always permitted to a key that asks about itself, and is missing in the description',
  },
];

const description = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        parameters: z.array(z.object({ name: z.string(), in: z.string() })).optional(),
        requestBody: z
          .object({ content: z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) })) })
          .optional(),
      }),
    ),
  ),
});

/** Gives what is wrong with a request; nothing for one that the description knows. */
export function createContract(): (outgoing: Outgoing) => readonly string[] {
  const { paths } = description.parse(FILE ? JSON.parse(readFileSync(FILE, 'utf8')) : { paths: {} });
  const ajv = new Ajv({ strict: false });

  return ({ method, path, body }) => {
    const { pathname, searchParams } = new URL(path, 'http://forum.example.org');
    const exception = EXCEPTIONS.find((one) => one.path.test(pathname));
    if (exception?.as === null) return [];
    const template = exception?.as ?? Object.keys(paths).find((one) => pattern(one).test(pathname));
    const operation = paths[template ?? '']?.[method.toLowerCase()];
    if (!operation) return [`${method} ${pathname} is unknown`];
    const known = [
      ...(operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name),
      ...(exception?.query ?? []),
    ];
    const wrong = [...new Set(searchParams.keys())].filter((name) => !known.includes(name));
    const told = wrong.map((name) => `${method} ${pathname} has no query parameter ${name}`);
    if (body === undefined) return told;
    const schema = operation.requestBody?.content['application/json']?.schema;
    if (!schema) return [...told, `${method} ${pathname} takes no body`];
    const valid = ajv.compile(schema);
    if (valid(body)) return told;
    return [...told, `${method} ${pathname}: ${ajv.errorsText(valid.errors)}`];
  };
}

function pattern(template: string): RegExp {
  const parts = template.split(/\{[^}]+\}/u).map((part) => part.replace(/[.*+?^$()|[\]\\]/gu, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}$`, 'u');
}
