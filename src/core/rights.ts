import { canUndo, inversesOf } from './actions.ts';
import type { Action, Right } from './card.ts';
import type { Actor } from './events.ts';
import type { Person, Role } from './person.ts';
import { commandOf, isReadable, ruleOfRequest, type Site } from './planner.ts';
import { anyOf, isSame, type Rule, ruleOfAsking, strictest } from './policy.ts';
import { Refused } from './refused.ts';
import type { Request } from './request.ts';

/** What people do with a request: its actions, and what they say of a step that is theirs. */
export type Doing = Action['verb'] | 'done';

/** Roles that the site gives a say in a request, beside those of its plan. Left out: not known, and nothing is said of it. */
export interface SiteRoles {
  /** May say yes to what it asks for, also before it has a plan. */
  readonly deciders?: readonly Role[];
  /** May ask for all that would change it back. */
  readonly undoers?: readonly Role[];
  readonly loggers?: readonly Role[];
}

/** Who may do this with the request: what is checked when somebody does it, and what is said where it is offered. */
export function rightTo(doing: Doing, request: Request, site: SiteRoles = {}): Right {
  const needs = request.plan?.needs;
  const roles = needs?.roles ?? [];
  switch (doing) {
    case 'approve':
    // What did not happen is done then, so this is a yes too.
    case 'resolve-not-done':
      return right(request, roles, needs?.ownRequest === false ? 'not' : 'as-any');
    case 'deny':
    case 'resolve-done':
    case 'done':
      return right(request, roles, 'as-any');
    case 'resume':
      return right(request, roles, 'too', request.plan?.expiresAt ?? null);
    case 'cancel':
      return right(request, site.deciders, 'too');
    case 'undo':
      return right(request, site.undoers, 'as-any');
    case 'log':
      return right(request, site.loggers, 'as-any');
  }
}

/** Has this person the right? A yes that is too old for the asker to go on with is looked at beside it. */
export function mayDo(who: Person, asker: Pick<Actor, 'id'>, { roles, asker: own }: Right): boolean {
  const isAsker = isSame(who, asker);
  if (isAsker && own !== 'as-any') return own === 'too';
  return roles.some((role) => who.roles.has(role));
}

/** The rule of taking back what it did: the strictest of its parts. Throws `Refused` for what there is no command any more. */
export function ruleOfUndo(site: Site, request: Request, who: Person): Rule {
  return strictest(
    inversesOf(request).map(({ command: name, given }) => {
      const command = commandOf(site, name);
      const part = isReadable(command, given) ? command.narrower(given, who) : null;
      return ruleOfAsking(site.rule(command.name), part);
    }),
  );
}

/** Roles that may say yes to it. What this program has no command for is for those who look after the program. */
export function decidersOf(site: Site, request: Request, operators: readonly Role[]): readonly Role[] {
  if (request.plan) return request.plan.needs.roles;
  return request.askings.every(({ command }) => site.registry.get(command))
    ? ruleOfRequest(site, request).approval.roles
    : operators;
}

/** What the site says of a request. `asker`: as a view shows them. */
export function siteRolesOf(
  site: Site,
  request: Request,
  asker: Person,
  operators: readonly Role[],
): SiteRoles {
  return {
    deciders: decidersOf(site, request, operators),
    undoers: canUndo(request) ? undoersOf(site, request, asker) : [],
    ...(site.registry.get('log') ? { loggers: site.rule('log').ask } : {}),
  };
}

function undoersOf(site: Site, request: Request, asker: Person): readonly Role[] {
  try {
    const rule = ruleOfUndo(site, request, asker);
    return rule.off ? [] : rule.ask;
  } catch (error) {
    if (error instanceof Refused) return [];
    throw error;
  }
}

function right(
  { asker: { name } }: Request,
  roles: readonly Role[] | undefined,
  asker: Right['asker'],
  until: Date | null = null,
): Right {
  if (roles === undefined) return { roles: [], asker, says: '' };
  // For the asker a yes does not last for ever.
  const own = until ? `${name} until ${until.toISOString().slice(0, 10)},` : name;
  const says = {
    'as-any': anyOf(roles),
    not: `${anyOf(roles)}, not ${name}`,
    too: roles.length > 0 ? `${own} or ${anyOf(roles)}` : name,
  }[asker];
  return { roles, asker, says };
}
