import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { identifier } from '../../src/core/fields.ts';
import { nearest } from '../../src/core/near.ts';
import type { Plan, Step } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { grouped, size } from '../repositories/amounts.ts';
import { announcement } from '../repositories/announcement.ts';
import { LABEL, OTHER_REPOS, REPO_WORDS } from '../repositories/called.ts';
import { buildTagsBelow } from '../repositories/hub.ts';
import { listText, newRepoSteps } from '../repositories/hub-steps.ts';
import { labelsOf } from '../repositories/labels.ts';
import { allowanceOf, type LabelLook, type LastSync, lookAtLabel } from '../repositories/last-sync.ts';
import { mayRegenerate } from '../repositories/may.ts';
import { lookAtMirror } from '../repositories/mirror.ts';
import { newRepoHappened, newReposHowFar } from '../repositories/new-repos.ts';
import { progress } from '../repositories/progress.ts';
import { type Settings, settings } from '../repositories/settings.ts';
import { MIRROR_LOCK, syncStep } from '../repositories/sync.ts';
import { type Users, usersOf } from './users.ts';

export default defineCommand({
  name: 'repo sync',
  summary: 'Sync a mirrored external repository with its upstream, and check what came of it',
  params: z.object({
    label: identifier(
      { title: 'Label', hint: 'As the configuration of the mirror names it.', example: 'fedora41' },
      64,
    ),
  }),
  risk: 'low',
  ask: ['admin'],
  approval: { roles: ['admin'] },
  joins: 'everybody',
  settings,
  shared: 'repos',
  examples: ['repo sync fedora41'],
  recognise: {
    words: [REPO_WORDS, anyOf(`sync, resync, re-sync, update, refresh, outdated, out of date, stale`)],
    unless: OTHER_REPOS,
    given: { label: LABEL },
  },
  locks: () => [MIRROR_LOCK],
  plan: planSync,
  happened: newRepoHappened,
  howFar: newReposHowFar,
  progress,
  result: resultOf,
});

const SHOWS_ALL = '`repo list` shows the labels; capital letters count.';

async function planSync({ label }: { label: string }, view: View, given: Settings): Promise<Plan> {
  const look = await lookAtLabel(label, given, view);
  if (look.found === null && look.wrong === null) throw await noSuchLabel(label, look.host, given, view);
  assertSyncable(label, look);
  const allowDeletes = allowanceOf(look.last, view.now);
  const { last, free, repos, arches, host } = look;
  const [users, account] = await Promise.all([
    usersOf(label, repos, given, view),
    view.hub.account(view.signal),
  ]);
  const sync = syncStep(given, { label, repos, arches, allowDeletes }, [
    { label: 'last sync', value: lastText(last) },
    ...(free === null ? [] : [{ label: 'free there', value: size(free, null) }]),
    { label: 'configured in', value: look.found ?? '' },
    { label: 'on the hub', value: listText(users.names) },
    { label: 'used by', value: listText(users.tags) },
  ]);
  const below = users.tags.length > 0 ? await buildTagsBelow(users.tags, view) : [];
  const anew = newRepoSteps(below, [sync], mayRegenerate(account));
  return {
    kind: 'plan',
    title: `Sync ${label} on ${host}`,
    steps: [sync, ...anew.steps, ...anew.ready, ...freshContent(label, users, given)],
    notes: [
      ...(last?.result === 'would-delete' && allowDeletes !== null
        ? [
            `Upstream has ${grouped(allowDeletes)} of the ${grouped(last.of ?? 0)} packages here no more. A yes deletes them, here and for every build that uses them.`,
          ]
        : []),
      ...anew.notes,
      ...(users.tags.length > 0
        ? ['Fresh content can change what builds take in, and break some.']
        : ['No tag uses it yet, so no build sees the difference.']),
    ],
  };
}

/** For those whose builds take it in. */
function freshContent(label: string, { names, tags }: Users, settings: Settings): readonly Step[] {
  const [is, it] = names.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return announcement(
    `Fresh content: ${label} was synced`,
    `${listText(names)} ${is} as upstream has ${it} now, and ${listText(tags)} ${tags.length === 1 ? 'uses' : 'use'} that from the next build on.`,
    tags.length === 0 ? [] : [`sync:${label}`],
    settings,
  );
}

function assertSyncable(label: string, { host, wrong, repos, arches }: LabelLook): void {
  if (wrong !== null) throw new Refused(`The mirror ${host} cannot sync ${label}: ${wrong}.`);
  if (repos.length === 0 || arches.length === 0)
    throw new Refused(`The entry of ${label} on the mirror ${host} names nothing to sync.`, SHOWS_ALL);
}

async function noSuchLabel(label: string, host: string, given: Settings, view: View): Promise<Refused> {
  const meant = await labelMeant(label, given, view);
  return new Refused(
    `${label} is not configured on the mirror ${host}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
    SHOWS_ALL,
  );
}

/** A label that is much like it, or that it is a repository of. */
async function labelMeant(label: string, given: Settings, view: View): Promise<string | null> {
  try {
    const labels = labelsOf(await lookAtMirror(given, view), given).map((one) => one.label);
    return labels.find((one) => label.startsWith(`${one}-`)) ?? nearest(label, labels);
  } catch (error) {
    // A help, and no reason to say something else.
    if (error instanceof Refused || error instanceof Unavailable) return null;
    throw error;
  }
}

async function resultOf({ label }: { label: string }, view: View, given: Settings): Promise<Answer> {
  const { last, free } = await lookAtLabel(label, given, view);
  return {
    kind: 'answer',
    title: `${label} is synced, and was checked`,
    verdict: 'ok',
    lines: [...(last ? [last.says] : []), ...(free === null ? [] : [`${size(free, null)} are free there.`])],
  };
}

function lastText(last: LastSync | null): string {
  if (last === null) return 'none that Steward made';
  return `${last.ended.toISOString().slice(0, 16).replace('T', ' ')} UTC: ${last.says}`;
}
