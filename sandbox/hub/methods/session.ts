import { randomBytes } from 'node:crypto';
import { type Context, dateText, Fault, type Methods, nextId } from '../method.ts';
import { double, type Wire } from '../wire.ts';
import type { HubSession, User } from '../world.ts';

/** Who is there: login, logout, and the questions about oneself. */
export const sessionMethods: Methods = {
  sslLogin: {
    signature: 'proxyuser?, proxyauthtype?, renew?, exclusive?',
    run: (context, { renew }) => {
      const { certificate, session } = context;
      if (certificate === undefined) throw new Fault(1002, 'could not verify client: None');
      if (certificate === null) {
        throw new Fault(1002, 'unable to get user information (CN) from client certificate');
      }
      if (session !== null && !(context.version === '1.35' && renew === true)) {
        throw new Fault(1002, 'Already logged in');
      }
      const user = userOf(context, certificate);
      if (user.status !== 0) throw new Fault(1002, `logins by ${user.name} are not allowed`);
      const row = session === null ? open(context, user) : renewed(context, session);
      const answer = { 'session-id': row.id, 'session-key': row.key };
      return context.version === '1.20' ? answer : { ...answer, 'header-auth': true };
    },
  },
  logout: {
    signature: '',
    run: ({ session, version }) => {
      if (session === null) throw new Fault(1002, 'Not logged in');
      if (version === '1.20') session.expired = true;
      else session.closed = true;
      return null;
    },
  },
  getLoggedInUser: {
    signature: '',
    run: ({ user }) => (user === null ? null : { ...userWire(user), authtype: 2, krb_principal: null }),
  },
  getSessionInfo: {
    signature: '',
    run: ({ session, version, user, now }) => {
      if (session === null || user === null) return null;
      const { callnum, expired, startTs, renewTs } = session;
      const common: Record<string, Wire> = {
        authtype: 2,
        callnum,
        exclusive: null,
        expired,
        master: null,
        start_time: dateText(startTs, version),
        start_ts: double(startTs),
        update_time: dateText(now, version),
        update_ts: double(now),
        user_id: user.id,
      };
      if (version === '1.20') return common;
      return {
        ...common,
        renew_time: dateText(renewTs, version),
        renew_ts: renewTs === null ? null : double(renewTs),
      };
    },
  },
  getPerms: { signature: '', run: ({ user }) => user?.permissions ?? [] },
};

/** A user as the hub tells it. */
export function userWire({ id, name, status, usertype, principals }: User) {
  return { id, name, status, usertype, krb_principals: principals ?? [] };
}

/** The hub's default is to make an account for any name that the CA signed. */
function userOf({ world, createsUsers }: Context, name: string): User {
  const known = world.users.find((user) => user.name === name);
  if (known !== undefined) return known;
  if (!createsUsers) throw new Fault(1002, `Unknown user: ${name}`);
  const user: User = { id: nextId(world), name, status: 0, usertype: 0, permissions: [] };
  world.users.push(user);
  return user;
}

function open({ world, ip, now }: Context, user: User): HubSession {
  const row: HubSession = {
    id: nextId(world),
    key: newKey(user.id),
    userId: user.id,
    ip,
    callnum: null,
    expired: false,
    closed: false,
    startTs: now,
    renewTs: null,
  };
  world.sessions = [...world.sessions.slice(-500), row];
  return row;
}

function renewed({ now }: Context, session: HubSession): HubSession {
  session.key = newKey(session.userId);
  session.expired = false;
  session.renewTs = now;
  return session;
}

function newKey(userId: number): string {
  return `${userId}-${randomBytes(12).toString('base64url')}`;
}
