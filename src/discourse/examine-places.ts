import { z } from 'zod';
import type { Finding } from '../core/finding.ts';
import type { DiscourseApi } from './api.ts';

/** A category that the bot reads or writes in. */
export async function categoryFinding(
  api: DiscourseApi,
  category: string,
  what = 'category',
): Promise<Finding> {
  const called = await api.call({ method: 'GET', path: ['c', ...category.split('/'), 'l', 'latest.json'] });
  if (called.kind === 'ok') return { what, state: 'ok', says: `${category} can be read` };
  const status = called.kind === 'error' ? called.status : 0;
  const moved = status >= 300 && status < 400;
  return {
    what,
    state: 'bad',
    says: moved
      ? `${category} has another address now`
      : status === 403
        ? 'the key may not list it'
        : `${category} is not there, or not for the bot`,
    todo:
      status === 403
        ? 'The scope topics:read_lists needs this category’s number, and the bot has to be able to see it.'
        : 'Copy what its address has after /c/ into discourse.category.',
  };
}

const topic = z.looseObject({
  closed: z.boolean().nullish(),
  archived: z.boolean().nullish(),
  deleted_at: z.string().nullish(),
});

/** A topic that an audience reads. */
export async function topicFinding(api: DiscourseApi, id: number): Promise<Finding> {
  const what = `topic ${id}`;
  const called = await api.call({ method: 'GET', path: ['t', `${id}.json`] });
  const read = called.kind === 'ok' ? topic.safeParse(called.data).data : undefined;
  const why = !read || read.deleted_at ? 'is not there, or not for the bot' : 'is closed';
  return read && !read.deleted_at && !read.closed && !read.archived
    ? { what, state: 'ok', says: 'can be replied to' }
    : { what, state: 'bad', says: `it ${why}`, todo: 'Name another one in the config, at `audiences`.' };
}
