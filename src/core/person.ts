/** A word of the site's policy: packager, admin, ... The config says who has which. */
export type Role = string;

/** Somebody known to the bot: the one name that stands in every record. */
export interface Person {
  /** The name from the config, or `slack:T1/U2` for somebody the config does not list. Never a display name. */
  readonly id: string;
  /** What people read. Never compared, never trusted. */
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
  /** Accounts by service, as the service numbers them: `{ slack: 'T1/U2' }`. */
  readonly accounts: Readonly<Record<string, string>>;
}

/** Where a request is shown: a chat thread, a forum topic, a terminal. */
export interface Place {
  readonly kind: 'slack' | 'discourse' | 'terminal';
  /** The service's own coordinates, e.g. `C024/1700000000.000100` for a Slack thread. */
  readonly where: string;
  /** `origin`: where it was asked. `approvers`: shown to those who decide. */
  readonly purpose: 'origin' | 'approvers';
}

/** Somebody as the record names them. */
export function actor(who: Person): { readonly id: string; readonly name: string } {
  return { id: who.id, name: who.name };
}
