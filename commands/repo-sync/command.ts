import { z } from 'zod';
import { type Answer, defineCommand, type Plan, type View } from '../../src/core/command.ts';
import { identifier } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { grouped, size } from '../repositories/amounts.ts';
import { allowanceOf, type LabelLook, type LastSync, lookAtLabel } from '../repositories/last-sync.ts';
import { progress } from '../repositories/progress.ts';
import { type Settings, settings } from '../repositories/settings.ts';
import { MIRROR_LOCK, syncStep } from '../repositories/sync.ts';

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
  settings,
  shared: 'repos',
  examples: ['repo sync fedora41'],
  recognise: {
    words: [
      anyOf(`external repo, external repos, external repository, external repositories, mrepo, mirror`),
      anyOf(`sync, resync, re-sync, update, refresh, outdated, out of date, stale`),
      anyOf(`please, can, could, need, want, would`),
    ],
    unless: anyOf(`foreman-proxy, pulp, katello, github, git`),
    given: { label: /\b((?:fedora|centos|epel|rhel|el)-?\d+)\b/i },
  },
  locks: () => [MIRROR_LOCK],
  plan: planSync,
  progress,
  result: resultOf,
});

async function planSync({ label }: { label: string }, view: View, given: Settings): Promise<Plan> {
  const look = await lookAtLabel(label, given, view);
  assertSyncable(label, look);
  const allowDeletes = allowanceOf(look.last, view.now);
  const { last, free, repos, arches, host } = look;
  return {
    kind: 'plan',
    title: `Sync ${label} on ${host}`,
    steps: [
      syncStep(given, { label, repos, arches, allowDeletes }, [
        { label: 'last sync', value: lastText(last) },
        ...(free === null ? [] : [{ label: 'free there', value: size(free, null) }]),
        { label: 'configured in', value: look.found ?? '' },
      ]),
    ],
    notes: [
      ...(last?.result === 'would-delete' && allowDeletes !== null
        ? [
            `Upstream has ${grouped(allowDeletes)} of the ${grouped(last.of ?? 0)} packages here no more. A yes deletes them, here and for every build that uses them.`,
          ]
        : []),
      'Fresh content can break builds: they take it in from the next regeneration of the tags that use it.',
    ],
  };
}

function assertSyncable(label: string, { host, found, wrong, repos, arches }: LabelLook): void {
  if (wrong !== null) throw new Refused(`The mirror ${host} cannot sync ${label}: ${wrong}.`);
  if (found === null || repos.length === 0 || arches.length === 0)
    throw new Refused(
      `${label} is not configured on the mirror ${host}.`,
      'Labels are compared as they are written there, capital letters too.',
    );
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
