import { type Context, Fault, find, type Methods, nextId, type Version } from '../method.ts';
import type { User, World } from '../world.ts';
import { userWire } from './session.ts';

const OLD = [
  'admin',
  'appliance',
  'build',
  'dist-repo',
  'host',
  'image',
  'image-import',
  'livecd',
  'maven-import',
  'repo',
  'sign',
  'tag',
  'target',
  'win-admin',
  'win-import',
];
/** `build` went, `draft-promoter` came. */
const NEW = [...OLD.filter((name) => name !== 'build'), 'draft-promoter'];

const permissionsOf = (version: Version) => (version === '1.20' ? OLD : NEW);

/** What a newer hub's own check lets through (`RegexUserName`, `MaxNameLengthInternal`), by default. */
const NAME = /^[A-Za-z0-9/_.@-]+$/;
const LONGEST = 256;
/** The column's. */
const COLUMN = 255;

/** Accounts and what they may do. */
export const userMethods: Methods = {
  getUser: {
    signature: 'userInfo?, strict?, krb_princs?, groups?',
    run: ({ world, user }, { userInfo, strict }) => {
      const found =
        userInfo === undefined || userInfo === null ? (user ?? undefined) : findUser(world, userInfo);
      if (found !== undefined) return userWire(found);
      if (strict === true) throw unknownUser(userInfo);
      return null;
    },
  },
  listUsers: {
    signature: 'userType?, prefix?, queryOpts?, perm?, inherited_perm?',
    run: ({ world, version }, { userType, prefix, perm, inherited_perm: inherited }) => {
      if (version === '1.20' && perm !== undefined) throw unexpected('listUsers', 'perm');
      if (version === '1.20' && inherited !== undefined) throw unexpected('listUsers', 'inherited_perm');
      if (typeof perm === 'string') known(version, perm);
      // PostgreSQL's ilike.
      const begins = typeof prefix === 'string' ? prefix.toLowerCase() : '';
      return world.users
        .filter(({ usertype }) => usertype === (typeof userType === 'number' ? userType : 0))
        .filter(({ name }) => name.toLowerCase().startsWith(begins))
        .filter(
          (user) => typeof perm !== 'string' || permissions(world, user, inherited === true).includes(perm),
        )
        .map(userWire);
    },
  },
  getUserPerms: {
    signature: 'userID?, with_groups?',
    run: (context, { userID, with_groups: withGroups }) => {
      const { world, version, user } = context;
      if (version === '1.20' && withGroups !== undefined) throw unexpected('getUserPerms', 'with_groups');
      const asked = userID === undefined || userID === null ? user : existing(context, userID);
      if (asked === null) throw new Fault(1000, 'No user provided');
      return permissions(world, asked, version !== '1.20' && withGroups !== false);
    },
  },
  getAllPerms: {
    signature: '',
    run: ({ version }) =>
      permissionsOf(version).map((name, at) => ({
        id: at + 1,
        name,
        ...(version === '1.20' ? {} : { description: null }),
      })),
  },
  createUser: {
    signature: 'username, status?, krb_principal?',
    writes: true,
    run: (context, { username, status, krb_principal: principal }) => {
      const { world, version } = context;
      context.need('admin');
      if (typeof username !== 'string') throw new Fault(1, "<class 'TypeError'>: a name must be a string");
      if (version === '1.35') checkName(username);
      if (findUser(world, username) !== undefined) throw new Fault(1000, `user already exists: ${username}`);
      if (username === '') throw new Fault(1000, 'a user must have a non-empty name');
      if (username.length > COLUMN)
        throw new Fault(
          1,
          "<class 'psycopg2.errors.StringDataRightTruncation'>: value too long for type character varying(255)\n",
        );
      const user: User = {
        id: nextId(world),
        name: username,
        status: status === 1 ? 1 : 0,
        usertype: 0,
        permissions: [],
        ...(typeof principal === 'string' ? { principals: [principal] } : {}),
      };
      world.users.push(user);
      context.changed();
      return user.id;
    },
  },
  enableUser: {
    signature: 'username',
    writes: true,
    run: (context, { username }) => allow(context, username, 0),
  },
  disableUser: {
    signature: 'username',
    writes: true,
    run: (context, { username }) => allow(context, username, 1),
  },
  grantPermission: {
    signature: 'userinfo, permission, create?, description?',
    writes: true,
    run: (context, { userinfo, permission, description }) => {
      const { version } = context;
      if (version === '1.20' && description !== undefined) throw unexpected('grantPermission', 'description');
      context.need('admin');
      const user = existing(context, userinfo);
      const name = known(version, permission);
      if (user.permissions.includes(name))
        throw new Fault(1000, `user ${userinfo} already has permission: ${name}`);
      user.permissions = [...user.permissions, name];
      context.changed();
      return null;
    },
  },
  revokePermission: {
    signature: 'userinfo, permission',
    writes: true,
    run: (context, { userinfo, permission }) => {
      context.need('admin');
      const user = existing(context, userinfo);
      const name = known(context.version, permission);
      if (!user.permissions.includes(name))
        throw new Fault(1000, `user ${userinfo} does not have permission: ${name}`);
      user.permissions = user.permissions.filter((other) => other !== name);
      context.changed();
      return null;
    },
  },
};

/** The user is looked up before the caller's rights: an unknown one is told to anybody. */
function allow(context: Context, username: unknown, status: 0 | 1): null {
  const user = findUser(context.world, username);
  if (user === undefined)
    throw new Fault(1000, `${context.version === '1.20' ? 'unknown user' : 'No such user'}: ${username}`);
  context.need('admin');
  if (user.status !== status) {
    user.status = status;
    context.changed();
  }
  return null;
}

function checkName(name: string): void {
  if (name.length > LONGEST)
    throw new Fault(1000, `Name ${name} is too long. Max length is ${LONGEST} characters`);
  if (!NAME.test(name)) throw new Fault(1000, `Name ${name} does not match RegexUserName value`);
}

function known(version: Version, permission: unknown): string {
  if (typeof permission === 'string' && permissionsOf(version).includes(permission)) return permission;
  throw new Fault(1000, `No such entry in table permissions: ${permission}`);
}

function permissions(world: World, user: User, withGroups: boolean): readonly string[] {
  const groups = world.users.filter(({ id }) => withGroups && (user.groups ?? []).includes(id));
  return [...new Set([user, ...groups].flatMap((one) => one.permissions))];
}

/** By id, by name, or by a Kerberos principal: the hub does not say by which it was. */
function findUser(world: World, info: unknown): User | undefined {
  return (
    find(world.users, info) ??
    world.users.find(({ principals }) => typeof info === 'string' && (principals ?? []).includes(info))
  );
}

function existing({ world }: Context, info: unknown): User {
  const user = findUser(world, info);
  if (user === undefined) throw unknownUser(info);
  return user;
}

function unknownUser(info: unknown): Fault {
  return new Fault(1000, `No such user: '${info}'`);
}

function unexpected(method: string, keyword: string): Fault {
  return new Fault(1019, `RootExports.${method}() got an unexpected keyword argument '${keyword}'`);
}
