import { onTestFinished } from 'vitest';
import { type ForumOptions, type SandboxForum, startForum } from '../../sandbox/discourse/forum.ts';

/** What the forum answered. */
export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked into, not worked with
  readonly json: any;
}
/** One call, as the bot unless its headers say otherwise. */
export type Send = (
  path: string,
  body?: unknown,
  method?: string,
  headers?: Record<string, string>,
) => Promise<Got>;

/** A forum for this test, and a client of it that is the bot unless told. Its clock stands still until moved. */
export async function start(options: ForumOptions = {}) {
  const clock = { ms: Date.parse('2026-03-02T09:00:00Z') };
  const forum = await startForum({ rateScale: Number.POSITIVE_INFINITY, now: () => clock.ms, ...options });
  onTestFinished(() => forum.close());
  const send: Send = async (path, body, method = body === undefined ? 'GET' : 'POST', headers) => {
    const answer = await fetch(forum.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(headers ?? { 'api-key': forum.apiKey, 'api-username': 'steward' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(2000),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null };
  };
  return { forum, send, clock };
}

export const LIST = '/c/development/infra/24/l/latest.json';
export const ASKS = 'I need a certificate for my packaging work, please.';
export const asked = (forum: SandboxForum, title = 'Please give me a certificate') =>
  forum.as('maria').topic(title, ASKS);

/** Numbers of the posts of a topic that was read. */
export const numbers = (got: Got): number[] =>
  got.json.post_stream.posts.map((post: { post_number: number }) => post.post_number);
