import { actionsOf, hasLog, isOffered } from './actions.ts';
import { callText } from './call-text.ts';
import type { Card, CardStep, Right } from './card.ts';
import type { Risk } from './command.ts';
import { lineInShort } from './in-short.ts';
import type { Inverse } from './plan.ts';
import { waitsFor } from './policy.ts';
import type { PlanNow, Request, Status, StepNow } from './request.ts';
import { titleOf } from './requests.ts';
import { type Doing, rightTo, type SiteRoles } from './rights.ts';
import { approvers, lineOf, sentence } from './status-line.ts';
import { taskLinks } from './task-links.ts';

/**
 * Draws a request from the record: what every front end shows, and nothing kept beside it. `newest`: how far the job is
 * that runs, where that is known better than the record says. `web`: the address of Koji's web pages.
 */
export function drawCard(
  request: Request,
  risk: Risk,
  newest: string | null = null,
  site: SiteRoles = {},
  web?: string,
): Card {
  const { plan, answer } = request;
  const rights = (doing: Doing): Right => rightTo(doing, request, site);
  const line = lineOf(request);
  const steps = (plan?.steps ?? []).map((now) => drawStep(now, saysOf(request, now, newest)));
  return {
    id: request.id,
    seq: request.seq,
    title: titleOf(request),
    status: request.status,
    tone: toneOf(request),
    line,
    next: nextOf(request, rights),
    fields: fieldsOf(request),
    steps,
    notes: isMoot(request) ? [] : (plan?.notes ?? []),
    answer,
    links: taskLinks([line, ...steps.map(({ says }) => says ?? ''), ...(answer?.lines ?? [])], web),
    actions: actionsOf(request, rights),
    footer: footerOf(request),
    plan: plan?.n ?? 0,
    risk,
    decideRoles:
      request.status === 'planned' || request.waiting?.reason === 'hand' ? (plan?.needs.roles ?? []) : [],
    asker: request.asker.id,
    notice: noticeOf(request),
  };
}

/** Notes are for deciding: nobody needs them of what is not to be done, or beside what came of it. */
function isMoot({ status, plan, answer }: Request): boolean {
  if (status === 'succeeded') return answer !== null;
  const isOff = status === 'denied' || status === 'expired' || status === 'cancelled';
  return isOff && plan?.steps.every(({ state }) => state === 'todo') === true;
}

/** What stands below a step: what went wrong, how far it is, or what somebody has to do for it now. */
function saysOf(request: Request, now: StepNow, newest: string | null): string | null {
  const { id, status, plan } = request;
  const { effect } = now.step;
  if (now.says !== null || now.state !== 'started') return now.says ?? now.progress;
  if (effect.kind === 'job') return newest ?? now.progress;
  if (effect.kind === 'wait') return now.progress;
  if (effect.kind !== 'hand' || status !== 'running') return null;
  const number = (plan?.steps.findIndex((one) => one.digest === now.digest) ?? 0) + 1;
  return `${sentence(effect.what)} Then: \`done ${id} ${number}\`${by(rightTo('done', request))}.`;
}

function drawStep(now: StepNow, says: string | null): CardStep {
  const { step } = now;
  return {
    title: step.title,
    state: now.state,
    changes: step.changes,
    evidence: step.evidence,
    guards: step.guards,
    undo: step.inverse?.restores ?? 'none',
    call: callText(step.effect),
    digest: now.digest,
    says,
  };
}

/** Waits for these are how it goes. */
const BUSY: readonly string[] = ['job', 'hub'];

function toneOf(request: Request): Card['tone'] {
  const isLate = request.plan?.steps.some(({ how }) => how === 'unended');
  const tones: Partial<Record<Status, Card['tone']>> = {
    succeeded: isLate ? 'warn' : 'good',
    failed: 'bad',
    unknown: 'bad',
    refused: 'warn',
    denied: 'warn',
    cancelled: 'warn',
    expired: 'warn',
  };
  if (request.status === 'answered')
    return ({ ok: 'good', warn: 'warn', bad: 'bad' } as const)[request.answer?.verdict ?? 'ok'];
  return (
    tones[request.status] ?? (request.waiting && !BUSY.includes(request.waiting.reason) ? 'warn' : 'info')
  );
}

/** Behind what can be said: who may. */
function by({ says }: Right): string {
  return says === '' ? '' : ` (${says})`;
}

function nextOf(request: Request, rights: (doing: Doing) => Right): string | null {
  const { id, status } = request;
  if (request.next) return request.next;
  if (request.waiting?.reason === 'hand') {
    const step = (request.plan?.steps ?? []).findIndex((now) => now.state === 'started') + 1;
    return `Once it is done, ${rights('done').says} says \`done ${id} ${step}\` with the number of the step. I look for it myself every hour, and at once after \`check ${id}\`.`;
  }
  if (request.waiting?.reason === 'job') return `\`log ${id}\` gives its log as far as it is.`;
  if (request.waiting?.reason === 'unavailable') return 'I try again by myself, for half an hour.';
  if (status === 'unknown') {
    const [yes, no] = [rights('resolve-done').says, rights('resolve-not-done').says];
    return `Look whether it happened. Then ${yes} says \`resolve ${id} done\`, or${yes === no ? '' : ` ${no},`} \`resolve ${id} not-done\`.`;
  }
  const isUndone = isOffered(request, rights('undo'));
  const takesBack = `\`undo ${id}\` takes back what was done${by(rights('undo'))}.`;
  if (status === 'failed')
    return `${hasLog(request) ? `Say \`log ${id}\` for its log. ` : ''}Mend the cause, then \`resume ${id}\`${by(rights('resume'))}${isUndone ? `; or ${takesBack}` : '.'}`;
  if (status === 'cancelled' && isUndone)
    return isBrokenOff(request) ? `${takesBack} Asked for again, it goes on from what is done.` : takesBack;
  if (status === 'denied' && isUndone) return takesBack;
  if (request.undoneBy !== null) return null;
  if (status === 'expired' || status === 'cancelled')
    return `Ask again with \`${lineInShort(request.text)}\` if it is still wanted.`;
  return null;
}

/** Is there more to change than was changed? Who waits or tells is not begun anew by asking. */
function isBrokenOff({ plan }: Request): boolean {
  const kinds: readonly string[] = ['wait', 'notice'];
  return plan?.steps.some((now) => now.state !== 'done' && !kinds.includes(now.step.effect.kind)) ?? false;
}

function fieldsOf(request: Request): Card['fields'] {
  const fields: { label: string; value: string }[] = [];
  const { plan } = request;
  if (plan && plan.approvals.length > 0 && request.status === 'planned') {
    fields.push({
      label: 'Approved by',
      value: `${approvers(request)} (${plan.approvals.length} of ${plan.needs.people})`,
    });
  }
  if (plan && plan.steps.length > 0) {
    const done = plan.steps.filter((now) => now.state === 'done').length;
    if (plan.steps.length > 1 && done < plan.steps.length && request.status !== 'planned')
      fields.push({ label: 'Steps', value: `${done} of ${plan.steps.length} done` });
    // Each step says so itself; what cannot be undone, or not wholly, has to catch the eye.
    const undo = undoText(plan);
    if (request.status === 'planned' && undo !== 'yes') fields.push({ label: 'Can be undone', value: undo });
  }
  if (request.doneBefore.length > 0) {
    fields.push({
      label: 'Done under an earlier plan',
      value: request.doneBefore.map((now) => now.step.title).join('; '),
    });
  }
  return fields;
}

function undoText(plan: PlanNow): string {
  const inverses = plan.steps
    .map((now) => now.step.inverse)
    .filter((one): one is Inverse => one !== undefined);
  if (inverses.length === 0) return 'no';
  const partly = inverses.find((one) => one.restores === 'partial');
  // To have waited changes nothing.
  const all = plan.steps.filter((now) => now.step.effect.kind !== 'wait').length;
  if (inverses.length < all) return `${inverses.length} of ${all} changes`;
  return partly ? `yes, but ${partly.leaves ?? 'not all of it'}` : 'yes';
}

function footerOf(request: Request): string {
  const undo = request.undoes ? ` · undoes ${request.undoes}` : '';
  const undone = request.undoneBy ? ` · undo asked for in ${request.undoneBy}` : '';
  const plan = request.plan && request.plan.n > 1 ? ` · plan ${request.plan.n}` : '';
  const where = request.place.kind === 'discourse' ? ` in the forum, topic ${request.place.where}` : '';
  return `${request.id} · asked by ${request.asker.name}${where}${plan}${undo}${undone}`;
}

function noticeOf(request: Request): Card['notice'] {
  const title = titleOf(request);
  switch (request.status) {
    case 'planned': {
      if (!request.plan || request.plan.tooLong) return null;
      const again = request.plan.reminded ? 'Still waiting: ' : '';
      const text = `${again}${title} (${request.id}) waits for ${waitsFor(request, request.plan.needs)}.`;
      return {
        kind: 'decision',
        key: `decision-${request.plan.n}${request.plan.reminded ? '-again' : ''}`,
        text,
      };
    }
    case 'running': {
      const { plan, waiting } = request;
      if (!plan || waiting?.reason !== 'hand') return null;
      // One call for all that people do before the next thing that is not theirs.
      const ours = plan.steps.filter((now) => now.state === 'done' && now.step.effect.kind !== 'hand').length;
      return {
        kind: 'decision',
        key: `hand-${plan.n}-${ours}`,
        text: `${title} (${request.id}): ${waiting.says}`,
      };
    }
    case 'succeeded':
    case 'failed':
    case 'unknown':
    case 'denied':
    case 'expired':
    case 'refused':
    case 'cancelled':
      return {
        kind: 'end',
        key: `end-${request.status}-${request.plan?.n ?? 0}`,
        text: `${title} (${request.id}): ${lineOf(request)}`,
      };
    default:
      return null;
  }
}
