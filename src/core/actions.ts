import type { Action, Right } from './card.ts';
import type { Inverse } from './plan.ts';
import type { Request } from './request.ts';

/** What people can do with a request as it stands. `rightTo`: who may. */
export function actionsOf(request: Request, rightTo: (verb: Action['verb']) => Right): readonly Action[] {
  const { id, status, plan } = request;
  const act = (
    verb: Action['verb'],
    label: string,
    style: Action['style'],
    line: string,
    confirm?: string,
  ): Action => ({
    verb,
    label,
    style,
    line,
    may: rightTo(verb),
    ...(confirm ? { confirm } : {}),
  });
  const cancel = act('cancel', 'Cancel', 'plain', `cancel ${id}`);
  if (status === 'planned' && plan) {
    const number = plan.n > 1 ? ` plan=${plan.n}` : '';
    const approve = act(
      'approve',
      'Approve',
      'primary',
      `approve ${id}${number}`,
      `${plan.title}: ${plan.steps.length === 1 ? '1 step' : `all ${plan.steps.length} steps`} will be carried out.`,
    );
    const deny = act('deny', 'Deny…', 'danger', `deny ${id}${number} because=…`);
    return plan.tooLong ? [deny, cancel] : [approve, deny, cancel];
  }
  if (status === 'asked' || status === 'approved') return [cancel];
  if (status === 'running')
    return request.stopping ? [] : [act('cancel', 'Stop', 'danger', `cancel ${id}`, stopText(request))];
  const undo = isOffered(request, rightTo('undo')) ? [act('undo', 'Undo…', 'plain', `undo ${id}`)] : [];
  const log = hasLog(request) ? [act('log', 'Whole log', 'plain', `log ${id}`)] : [];
  if (status === 'failed') return [act('resume', 'Resume', 'primary', `resume ${id}`), ...log, ...undo];
  if (status === 'cancelled') return [...log, ...undo];
  if (status === 'unknown') {
    return [
      act('resume', 'Look again', 'primary', `resume ${id}`),
      act('resolve-done', 'It happened', 'plain', `resolve ${id} done`, 'You looked, and it did happen.'),
      act(
        'resolve-not-done',
        'It did not',
        'plain',
        `resolve ${id} not-done`,
        'You looked, and it did not happen. It will be done now.',
      ),
    ];
  }
  return undo;
}

function stopText({ waiting }: Request): string {
  if (waiting?.reason === 'hub') return 'It is waited for no longer. What the hub is at goes on there.';
  return waiting?.reason === 'job'
    ? 'What runs on the host is told to stop, in the middle of what it does.'
    : 'It stops before its next step.';
}

/** Is there the log of a job that tells why it failed? */
export function hasLog({ plan }: Request): boolean {
  return plan?.steps.some((now) => now.state === 'failed' && now.step.effect.kind === 'job') ?? false;
}

/** Can it be undone, by anybody? */
export function isOffered(request: Request, undo: Right): boolean {
  return canUndo(request) && (undo.roles.length > 0 || undo.says === '');
}

/** Has it changed something that can be changed back, and was that not asked for yet? */
export function canUndo(request: Request): boolean {
  const ended =
    // A later plan of a request that has done something already may be denied, or run out of time.
    ['succeeded', 'failed', 'cancelled', 'denied', 'expired'].includes(request.status);
  return ended && request.undoneBy === null && inversesOf(request).length > 0;
}

/**
 * The inverses of what this request carried out, last first. What somebody else had done is theirs; of a step
 * that was taken again under a later plan the last one counts.
 */
export function inversesOf(request: Request): readonly Inverse[] {
  const done = [...request.doneBefore, ...(request.plan?.steps ?? [])].filter(
    (now) => now.state === 'done' && now.begun !== null,
  );
  return [...new Map(done.map((now) => [now.step.key, now])).values()]
    .map((now) => now.step.inverse)
    .filter((one): one is Inverse => one !== undefined)
    .reverse();
}
