import type { Answer } from './answer.ts';
import type { Command, Given, Risk, View } from './command.ts';
import { type EventData, type NewEvent, STEWARD } from './events.ts';
import { canonical, digestOf, type Json } from './json.ts';
import { noticeOf, noticeTrouble } from './notice.ts';
import type { Role } from './person.ts';
import type { Effect, Plan, Step } from './plan.ts';
import { type Rule, raised, SWITCHED_BY, strictest } from './policy.ts';
import { check } from './problems.ts';
import { Refused } from './refused.ts';
import type { Registry } from './registry.ts';
import type { Request } from './request.ts';

/** What the site says of each command. */
export interface Site {
  readonly registry: Registry;
  rule(command: string): Rule;
  settings(command: string): unknown;
  /** The Koji user name of a person of the config; null: the config does not know them. */
  kojiUser(person: string): string | null;
  /** Names that messages can be for. */
  readonly audiences: ReadonlySet<string>;
  /** Address of Koji's web pages, without a slash at the end. */
  readonly web?: string;
}

/** The command of an asking; `Refused` when this program no longer has it. */
export function commandOf(site: Site, name: string): Command {
  const command = site.registry.get(name);
  if (!command)
    throw new Refused(`This Steward has no command \`${name}\` any more.`, 'Ask again with `help`.');
  return command;
}

/** Does the command still take what was given when it was asked for? An upgrade may have changed that. */
export function isReadable(command: Command, given: Given): boolean {
  return Object.keys(check(command.params, given)).length === 0;
}

/** The rule of a request: the strictest of its askings. */
export function ruleOfRequest(site: Site, request: Pick<Request, 'askings'>): Rule {
  return strictest(request.askings.map((asking) => site.rule(commandOf(site, asking.command).name)));
}

/** Of its plan, or of what it asks for before there is one; `high` where this program no longer has the command. */
export function riskOfRequest(site: Site, request: Pick<Request, 'askings' | 'plan'>): Risk {
  if (request.plan) return request.plan.risk;
  const known = request.askings.every(({ command }) => site.registry.get(command) !== undefined);
  return known ? ruleOfRequest(site, request).risk : 'high';
}

/** Roles that may approve anything, or freeze everything. */
export function approvingRoles(site: Site, operators: readonly Role[]): ReadonlySet<Role> {
  const rules = site.registry.all.map((command) => site.rule(command.name).approval);
  return new Set([...operators, ...rules.filter((rule) => rule.people > 0).flatMap((rule) => rule.roles)]);
}

/** The rule of a request with this plan, which may be riskier than its commands say. */
export function ruleOfPlan(site: Site, request: Pick<Request, 'askings'>, plan: Plan): Rule {
  return raised(ruleOfRequest(site, request), plan.risk);
}

/** Has it something to show when it is done? An undo of several has not. */
export function hasResult({ askings }: Pick<Request, 'askings'>, site: Site): boolean {
  const [asking, another] = askings;
  return asking !== undefined && !another && commandOf(site, asking.command).result !== null;
}

/** What the request has to show now that nothing is left of it to do. Throws what planning throws. */
export async function resultOf(
  request: Pick<Request, 'askings'>,
  site: Site,
  view: View,
): Promise<Answer | null> {
  const [asking] = request.askings;
  if (!asking || !hasResult(request, site)) return null;
  const command = commandOf(site, asking.command);
  return (await command.result?.(asking.given, view, site.settings(command.name))) ?? null;
}

/** The digest of a step: of its effect and nothing else. */
export function digestOfEffect(effect: Effect): string {
  return digestOf(effect as unknown as Json);
}

/** Plans every asking of a request from what is there now, in order. Throws `Refused` and `Unavailable`. */
export async function planRequest(request: Request, site: Site, view: View): Promise<Plan | Answer> {
  const plans: Plan[] = [];
  for (const asking of request.askings) {
    const command = commandOf(site, asking.command);
    const { off } = site.rule(command.name);
    // Also one that was approved while it was on.
    if (off) throw new Refused(`\`${command.name}\` is switched off here: ${off}.`, SWITCHED_BY);
    if (!isReadable(command, asking.given))
      throw new Refused(
        `This Steward takes \`${command.name}\` in another form than when this was asked for.`,
        `\`help ${command.name}\` shows how; then ask again.`,
      );
    const planned = await command.plan(asking.given, view, site.settings(command.name));
    if (planned.kind === 'answer') {
      if (request.askings.length > 1)
        throw new Error(`${command.name} answers, and cannot be one of several askings`);
      return planned;
    }
    plans.push(planned);
  }
  const [only] = plans;
  const plan: Plan =
    plans.length === 1 && only
      ? only
      : {
          kind: 'plan',
          title: `Undo ${request.undoes ?? 'several'}: ${plans.map((one) => one.title).join('; ')}`.slice(
            0,
            300,
          ),
          steps: together(plans.flatMap((one) => one.steps)),
          ...(plans.some((one) => one.risk === 'high') ? { risk: 'high' } : {}),
          notes: [...new Set(plans.flatMap((one) => one.notes ?? []))],
        };
  assertSound(plan.steps);
  const notes = messageNotes(plan.steps, request.id, site);
  return notes.length > 0 ? { ...plan, notes: [...(plan.notes ?? []), ...notes] } : plan;
}

/** Of several askings: what follows from others comes behind all of those, and what two of them want is taken once. */
function together(steps: readonly Step[]): readonly Step[] {
  const behind: Step[] = [];
  for (const step of steps) {
    if (!step.follows) continue;
    const at = behind.findIndex(
      ({ key, effect }) => key === step.key && digestOfEffect(effect) === digestOfEffect(step.effect),
    );
    const same = behind[at];
    if (same) behind[at] = { ...same, follows: [...new Set([...(same.follows ?? []), ...step.follows])] };
    else behind.push(step);
  }
  return [...steps.filter(({ follows }) => !follows), ...behind];
}

/** Throws for messages that cannot be sent; says of those whose audience the config does not name who gets them. */
function messageNotes(steps: readonly Step[], request: string, site: Site): readonly string[] {
  const strange = new Set<string>();
  for (const { effect, title } of steps) {
    if (effect.kind !== 'notice') continue;
    const trouble = noticeTrouble(noticeOf(request, digestOfEffect(effect), effect));
    if (trouble !== null)
      throw new Refused(
        `The message of “${title}” cannot be sent: ${trouble}.`,
        'Ask for it in smaller parts.',
      );
    if (!site.audiences.has(effect.audience)) strange.add(effect.audience);
  }
  return [...strange].map(
    (name) =>
      `The config names no audience ${name} (\`audiences\`), so the message to them goes to the approvers.`,
  );
}

/**
 * The steps of a new plan that are still to be taken: a `once` step that this request already took is not, nor what
 * somebody said they have done, seen or not. One that it owes for what it did (`follows`) is, whatever the new plan says;
 * and once it has begun something, its messages are those that were approved: the command may see nothing any more that
 * is to be told. None is left where something was waited for in vain: what they say is not so yet.
 */
export function remainingSteps(plan: Plan, request: Request): readonly Step[] {
  const own = request.plan?.steps ?? [];
  const all = [...request.doneBefore, ...own];
  const done = all.filter((now) => now.state === 'done');
  const taken = new Set(
    done.filter(({ step }) => step.kind === 'once' || step.effect.kind === 'hand').map((now) => now.digest),
  );
  const begun = new Set(done.filter((now) => now.begun !== null).map((now) => now.step.key));
  const owes = own.map((now) => now.step).filter((step) => step.follows?.some((key) => begun.has(key)));
  const again = plan.steps.map((step) => owes.find((one) => isPartOf(step, one)) ?? step);
  const planned = new Set(again.map((step) => step.key));
  const owed = owes.filter((step) => !planned.has(step.key));
  const isLate = done.some(({ how }) => how === 'unended');
  const isMessage = ({ effect }: Step): boolean => effect.kind === 'notice';
  const wanted = all.some((now) => now.begun !== null)
    ? [
        ...[...again, ...owed].filter((step) => !isMessage(step)),
        ...(isLate ? [] : own.map((now) => now.step).filter(isMessage)),
      ]
    : plan.steps;
  return wanted.filter((step) => !taken.has(digestOfEffect(step.effect)));
}

/** A wait for some of what is waited for anyway, when half of it was begun already. */
function isPartOf({ effect: part }: Step, { effect: whole }: Step): boolean {
  if (part.kind !== 'wait' || whole.kind !== 'wait') return false;
  return part.hours === whole.hours && part.for.every((key) => whole.for.includes(key));
}

/** The event of a new numbered plan. */
export function plannedEvent(
  request: Request,
  plan: Plan,
  steps: readonly Step[],
  rule: Rule,
  now: Date,
): NewEvent {
  const { roles, people, ownRequest, expiresHours } = rule.approval;
  const data: EventData['planned'] = {
    n: (request.plan?.n ?? 0) + 1,
    title: plan.title,
    steps,
    digests: steps.map((step) => digestOfEffect(step.effect)),
    notes: plan.notes ?? [],
    needs: { roles, people, ownRequest },
    risk: rule.risk,
    expiresAt: new Date(now.getTime() + expiresHours * 3_600_000).toISOString(),
    tooLong: isTooLong(steps),
  };
  return { type: 'planned', by: STEWARD, data };
}

/** Beyond this nobody reads a plan whole, and nobody may approve what they cannot read. */
const MOST_STEPS = 100;
const MOST_CHARACTERS = 40_000;

function isTooLong(steps: readonly Step[]): boolean {
  const characters = steps.reduce(
    (sum, step) => sum + step.title.length + canonical(step.effect as unknown as Json).length,
    0,
  );
  return steps.length > MOST_STEPS || characters > MOST_CHARACTERS;
}

const ONCE: readonly Effect['kind'][] = ['job', 'notice', 'wait'];

function assertSound(steps: readonly Step[]): void {
  const wrong = steps.find(
    ({ kind, effect }) =>
      (ONCE.includes(effect.kind) && kind !== 'once') || (effect.kind === 'hand' && kind !== 'set'),
  );
  if (wrong) throw new Error(`a ${wrong.effect.kind} step of kind ${wrong.kind}`);
  const keys = new Set(steps.map((step) => step.key));
  const digests = new Set(steps.map((step) => digestOfEffect(step.effect)));
  if (keys.size < steps.length || digests.size < steps.length)
    throw new Error('a plan with the same step twice');
}
