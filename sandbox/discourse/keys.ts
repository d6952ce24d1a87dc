import type { IncomingMessage } from 'node:http';
import type { Fields, User } from './model.ts';
import { ADMIN_API, type Rates } from './rates.ts';
import { invalidAccess, invalidKey, tooMany } from './refusal.ts';

/** What the bot needs. A scope is `resource:action`, with `:parameter=value` when it is held to some. */
export const DEFAULT_SCOPES = [
  'topics:read_lists:category_id=24',
  'topics:read',
  'topics:write',
  'posts:edit',
  'posts:list',
  'users:show',
] as const;

/** What a route is in the eyes of a key: its scope, null when no granular scope has it, and its parameters. */
export interface Permit {
  readonly scope: string | null;
  readonly parameters?: Readonly<Record<string, string | undefined>>;
}

export interface Keys {
  /**
   * Who asks. Only the headers count: a key anywhere else is not looked at, and the caller is nobody.
   * Throws a Refusal for a key that is wrong, not this person's, or used too often.
   */
  identify(request: IncomingMessage): User | null;
  /** Throws a Refusal unless the key has a scope for it. */
  check(method: string, permit: Permit): void;
  /** As `/session/scopes.json` shows them. */
  shown(): readonly Fields[];
}

export function createKeys(deps: {
  readonly key: string;
  readonly owner: () => User | undefined;
  readonly scopes: readonly string[];
  readonly rates: Rates;
}): Keys {
  const scopes = deps.scopes.map((text) => {
    const [resource = '', action = '', parameter] = text.split(':');
    const [name = '', value = ''] = parameter?.split('=') ?? [];
    return { resource, action, name, value };
  });
  return {
    identify({ headers }) {
      const key = headers['api-key'];
      if (key === undefined) return null;
      const owner = deps.owner();
      const named = headers['api-username'];
      if (key !== deps.key || owner === undefined) throw invalidKey();
      if (typeof named === 'string' && named.toLowerCase() !== owner.username.toLowerCase())
        throw invalidKey();
      const wait = deps.rates.take('admin api', ADMIN_API);
      if (wait > 0) throw tooMany(wait, 'admin_api_key_rate_limit');
      return owner;
    },
    check(method, { scope, parameters = {} }) {
      // A key without any scope may do everything.
      if (scopes.length === 0 || scope === 'always') return;
      const allowed = scopes.some(({ resource, action, name, value }) => {
        if (resource === 'global') return action === 'read' ? method === 'GET' : true;
        return `${resource}:${action}` === scope && (name === '' || parameters[name] === value);
      });
      if (!allowed) throw invalidAccess();
    },
    shown: () =>
      scopes.map(({ resource, action, name, value }) => ({
        resource,
        action: action.replace(/_/g, ' '),
        parameters: name === '' ? [] : [name],
        urls: [],
        allowed_parameters: name === '' ? {} : { [name]: [value] },
        key: action,
      })),
  };
}
