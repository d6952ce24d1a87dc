import type { Step } from '../src/core/plan.ts';
import { type Account, standingOf } from './accounts.ts';

/** Makes an account on the hub, without permissions. */
export function createStep(name: string): Step {
  return {
    key: `account:${name}`,
    title: `Create ${name}`,
    kind: 'set',
    effect: { kind: 'hub', method: 'createUser', args: [name] },
    changes: [{ what: `account ${name}`, before: 'none', after: 'enabled, no permissions' }],
    evidence: [],
    guards: [],
    inverse: {
      command: 'account disable',
      given: { user: name, because: 'its creation is taken back' },
      restores: 'partial',
      leaves: `the account ${name} stays, disabled: Koji deletes none`,
    },
  };
}

/** Gives one permission. `account`: null where a step before makes it. `meaning`: what the hub says of the permission. */
export function grantStep(
  name: string,
  account: Account | null,
  has: readonly string[],
  permission: string,
  meaning: string,
): Step {
  return {
    key: `permission:${name}:${permission}`,
    title: `Grant ${permission} to ${name}`,
    kind: 'set',
    effect: { kind: 'hub', method: 'grantPermission', args: [name, permission] },
    changes: [{ what: `${permission} for ${name}`, before: 'no', after: 'yes' }],
    evidence: [
      ...(account ? [{ label: name, value: standingOf(account, has) }] : []),
      ...(meaning ? [{ label: permission, value: meaning }] : []),
    ],
    guards: [],
    inverse: {
      command: 'account revoke',
      given: { user: name, permissions: permission },
      restores: 'full',
    },
  };
}
