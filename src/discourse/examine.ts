import type { Finding } from '../core/finding.ts';
import type { DiscourseApi } from './api.ts';
import { keyFinding, scopeFindings } from './examine-key.ts';
import { accountFindings, groupFindings } from './examine-people.ts';
import { categoryFinding, topicFinding } from './examine-places.ts';
import { webhookFinding } from './examine-webhook.ts';

/** More than this, and codes and expiry times mean something else to people than to us. */
const CLOCK_MS = 60_000;

/** Looks at everything about the forum that can be wrong before the first topic. Changes nothing there. */
export async function examineForum(deps: {
  readonly api: DiscourseApi;
  readonly username: string;
  readonly category: string;
  readonly moderates: boolean;
  /** Other categories that messages are for. */
  readonly categories?: readonly string[];
  /** Topics that messages are for. */
  readonly topics?: readonly number[];
  /** Groups whose members decide, and the numbers of the listed people who are to be in them. */
  readonly groups: readonly { readonly name: string; readonly people: readonly number[] }[];
  readonly webhook: {
    readonly secret: string;
    readonly instance: string;
    /** Where this program listens. */
    readonly at: string;
  } | null;
}): Promise<readonly Finding[]> {
  const { api, username, category, moderates, groups, webhook } = deps;
  const key = await api.call({ method: 'GET', path: ['session', 'scopes.json'] });
  if (key.kind !== 'ok') return [keyFinding(key)];
  const found: Finding[] = [
    { what: 'key', state: 'ok', says: `the forum takes it for ${username}` },
    ...scopeFindings(key.data),
    clockFinding(api.clockAheadMs()),
    await categoryFinding(api, category),
    ...(await accountFindings(api, username, moderates)),
  ];
  for (const one of deps.categories ?? []) found.push(await categoryFinding(api, one, `category ${one}`));
  for (const one of deps.topics ?? []) found.push(await topicFinding(api, one));
  for (const group of groups) found.push(...(await groupFindings(api, group)));
  if (groups.length === 0)
    found.push({
      what: 'deciding',
      state: 'warn',
      says: 'no role names a group of the forum, so nobody decides there',
      todo: 'Name one at roles.<role>.discourseGroups, or leave it: decisions then come from chat and terminals.',
    });
  found.push(await webhookFinding(webhook));
  return found;
}

function clockFinding(aheadMs: number | null): Finding {
  const what = 'clock';
  if (aheadMs === null) return { what, state: 'skipped', says: 'the forum does not say what time it is' };
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds * 1000 <= CLOCK_MS) return { what, state: 'ok', says: `within ${seconds} s of the forum’s` };
  const which = aheadMs > 0 ? 'behind' : 'ahead of';
  return {
    what,
    state: 'warn',
    says: `this machine is ${seconds} s ${which} the forum`,
    todo: 'Let both keep time by NTP.',
  };
}
