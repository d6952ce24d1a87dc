import type { Approval, Command, Narrower, Risk } from './command.ts';
import { type Actor, type Needs, STEWARD, type Via } from './events.ts';
import type { Person, Role } from './person.ts';
import type { Plan } from './plan.ts';
import type { Request } from './request.ts';

/** What the config may say of a command. It can only make things stricter. */
export interface Tightening {
  readonly ask?: readonly Role[] | undefined;
  readonly roles?: readonly Role[] | undefined;
  readonly people?: number | undefined;
  readonly ownRequest?: boolean | undefined;
  readonly expiresHours?: number | undefined;
}

/** What holds for a command on this site. */
export interface Rule {
  readonly ask: readonly Role[];
  readonly approval: Approval;
  readonly risk: Risk;
  /** Why it is switched off on this site, as the end of a sentence; not there: it is on. */
  readonly off?: string;
}

/** Yes, or a no that says who could say yes. */
export type Allowed =
  | { readonly ok: true }
  | { readonly ok: false; readonly says: string; readonly next: string };

/** Why a tightening would loosen what the command declares; empty when it does not. */
export function loosens(
  command: Command,
  by: Tightening,
): readonly { readonly path: string; readonly says: string }[] {
  const { approval } = command;
  const extra = (roles: readonly Role[] | undefined, declared: readonly Role[]): readonly Role[] =>
    roles?.filter((role) => !declared.includes(role)) ?? [];
  const found: { path: string; says: string }[] = [];
  const widerAsk = extra(by.ask, command.ask);
  if (widerAsk.length > 0) found.push({ path: 'ask', says: `only ${command.ask.join(', ')} may ask for it` });
  const widerApprove = extra(by.roles, approval.roles);
  if (widerApprove.length > 0)
    found.push({ path: 'roles', says: `only ${approval.roles.join(', ')} may approve it` });
  if (by.people !== undefined && by.people < approval.people)
    found.push({ path: 'people', says: `it needs at least ${approval.people}` });
  if (by.ownRequest === true && !approval.ownRequest)
    found.push({ path: 'ownRequest', says: 'nobody may approve their own request of this' });
  if (by.expiresHours !== undefined && by.expiresHours > approval.expiresHours)
    found.push({ path: 'expiresHours', says: `it expires after at most ${approval.expiresHours} hours` });
  return found;
}

/** The declaration with the site's tightening on top. */
export function ruleOf(command: Command, by: Tightening = {}): Rule {
  const { approval } = command;
  return {
    ask: by.ask ?? command.ask,
    approval: {
      roles: by.roles ?? approval.roles,
      people: Math.max(by.people ?? 0, approval.people),
      ownRequest: approval.ownRequest && (by.ownRequest ?? true),
      expiresHours: Math.min(by.expiresHours ?? approval.expiresHours, approval.expiresHours),
    },
    risk: command.risk,
  };
}

/** The strictest of several rules: an undo of several commands needs what each of them needs. */
export function strictest(rules: readonly Rule[]): Rule {
  const [first, ...others] = rules;
  if (!first) throw new Error('no rule to choose from');
  const off = rules.find((rule) => rule.off)?.off;
  return others.reduce<Rule>(
    (a, b) => ({
      ask: a.ask.filter((role) => b.ask.includes(role)),
      approval: {
        roles: a.approval.roles.filter((role) => b.approval.roles.includes(role)),
        people: Math.max(a.approval.people, b.approval.people),
        ownRequest: a.approval.ownRequest && b.approval.ownRequest,
        expiresHours: Math.min(a.approval.expiresHours, b.approval.expiresHours),
      },
      risk: [a.risk, b.risk].includes('high') ? 'high' : a.risk === 'read' ? b.risk : a.risk,
      ...(off ? { off } : {}),
    }),
    first,
  );
}

/** The rule for a plan that says it is riskier than its command: what `high` asks for, and nothing gets looser. */
export function raised(rule: Rule, risk: Plan['risk']): Rule {
  if (risk !== 'high') return rule;
  const { approval } = rule;
  return {
    ...rule,
    risk,
    approval: { ...approval, people: Math.max(2, approval.people), ownRequest: false },
  };
}

/** The rule for one asking, whose parameters may be for fewer people than the command. */
export function ruleOfAsking(rule: Rule, narrower: Narrower | null): Rule {
  return narrower ? { ...rule, ask: rule.ask.filter((role) => narrower.roles.includes(role)) } : rule;
}

/** Who can do something about a command that is off. */
export const SWITCHED_BY = 'Whoever runs Steward can switch it on in the config.';

/** May this person ask for it? */
export function mayAsk(who: Person, what: string, rule: Rule): Allowed {
  if (rule.off)
    return {
      ok: false,
      says: `Steward does not do \`${what}\` here. If you need it, ask whoever runs Steward: they can switch it on.`,
      next: `It is switched off here: ${rule.off}.`,
    };
  if (rule.ask.some((role) => who.roles.has(role))) return { ok: true };
  return {
    ok: false,
    says: `You may not ask for \`${what}\`: it is for ${anyOf(rule.ask)}, and you are ${rolesOf(who)}.`,
    next:
      rule.ask.length > 0
        ? `Ask one of the ${rule.ask.join('s or ')}s to ask for it.`
        : 'An admin of the bot can change that in the config.',
  };
}

/** May this person say yes to this request? The same answer whether a button, a reply or the terminal asks. */
export function mayApprove(who: Person, request: Request, needs: Needs): Allowed {
  if (!needs.roles.some((role) => who.roles.has(role))) {
    return {
      ok: false,
      says: `You may not approve ${request.id}: that takes ${anyOf(needs.roles)}, and you are ${rolesOf(who)}.`,
      next: `It waits for ${waitsFor(request, needs)}.`,
    };
  }
  if (isSame(who, request.asker) && !needs.ownRequest) {
    return {
      ok: false,
      says: `You asked for ${request.id} yourself, so somebody else has to approve it.`,
      next: `It waits for ${waitsFor(request, needs)}.`,
    };
  }
  return { ok: true };
}

/**
 * May something of this risk be decided there? Staff of a forum can rewrite posts, and mail to it can be forged, so a
 * forum is believed about what can be undone and hurts one thing, and no further.
 */
export function mayDecideIn(via: Via, risk: Risk): boolean {
  return via !== 'discourse' || risk !== 'high';
}

/** Is it the one whom the record names? By name, or by an account that the config did not link to it yet. */
export function isSame(who: Person, actor: Pick<Actor, 'id'>): boolean {
  return (
    who.id === actor.id ||
    Object.entries(who.accounts).some(([service, account]) => actor.id === `${service}:${account}`)
  );
}

/**
 * Is there every yes that the plan and today's rule ask for? The worker asks this itself just before it acts: the rule
 * may have become stricter since, and the record is not to be believed alone.
 */
export function isApproved(request: Request, rule: Rule): boolean {
  const { plan } = request;
  if (!plan) return false;
  const ownCounts = plan.needs.ownRequest && rule.approval.ownRequest;
  const believed = plan.approvals.filter((yes) => mayDecideIn(yes.via, rule.risk));
  const people = new Set(believed.map((yes) => yes.by.id));
  people.delete(STEWARD.id);
  if (!ownCounts) people.delete(request.asker.id);
  return people.size >= Math.max(1, plan.needs.people, rule.approval.people);
}

/** Whose yes is missing, in words: `1 more admin, not maria`. */
export function waitsFor(request: Request, needs: Needs): string {
  const given = request.plan?.approvals ?? [];
  const missing = Math.max(0, needs.people - given.length);
  const more = given.length > 0 ? ' more' : '';
  const who = `${missing}${more} ${needs.roles.join(missing === 1 ? ' or ' : 's or ')}${missing === 1 ? '' : 's'}`;
  const not = [...(needs.ownRequest ? [] : [request.asker.name]), ...given.map((yes) => yes.by.name)];
  return not.length > 0 ? `${who} (not ${[...new Set(not)].join(', ')})` : who;
}

/** `an admin or a packager` */
export function anyOf(roles: readonly Role[]): string {
  return roles.length === 0 ? 'nobody' : roles.map((role) => `${article(role)} ${role}`).join(' or ');
}

function rolesOf(who: Person): string {
  return who.roles.size === 0 ? 'nobody that I know' : anyOf([...who.roles]);
}

function article(word: string): string {
  return /^[aeiou]/i.test(word) ? 'an' : 'a';
}
