import { type Context, Fault, find, type Methods, nextId } from '../method.ts';
import type { User } from '../world.ts';
import { userWire } from './session.ts';

const PERMISSIONS = [
  'admin',
  'appliance',
  'build',
  'dist-repo',
  'host',
  'image',
  'livecd',
  'maven-import',
  'repo',
  'tag',
  'target',
  'win-import',
];

/** Accounts and what they may do. */
export const userMethods: Methods = {
  getUser: {
    signature: 'userInfo?, strict?, krb_princs?, groups?',
    run: ({ world, user }, { userInfo, strict }) => {
      const found =
        userInfo === undefined || userInfo === null ? (user ?? undefined) : find(world.users, userInfo);
      if (found !== undefined) return userWire(found);
      if (strict === true) throw unknownUser(userInfo);
      return null;
    },
  },
  listUsers: {
    signature: 'userType?, prefix?, queryOpts?',
    run: ({ world }, { userType, prefix }) =>
      world.users
        .filter(({ usertype }) => usertype === (typeof userType === 'number' ? userType : 0))
        .filter(({ name }) => typeof prefix !== 'string' || name.startsWith(prefix))
        .map(userWire),
  },
  getUserPerms: {
    signature: 'userID?, with_groups?',
    run: (context, { userID }) => {
      if (userID === undefined || userID === null) return context.user?.permissions ?? [];
      return existing(context, userID).permissions;
    },
  },
  getAllPerms: {
    signature: '',
    run: ({ version }) =>
      PERMISSIONS.map((name, at) => ({
        id: at + 1,
        name,
        ...(version === '1.20' ? {} : { description: null }),
      })),
  },
  createUser: {
    signature: 'username, status?, krb_principal?',
    writes: true,
    run: (context, { username }) => {
      const { world } = context;
      context.need('admin');
      if (typeof username !== 'string') throw new Fault(1, "<class 'TypeError'>: a name must be a string");
      if (find(world.users, username) !== undefined)
        throw new Fault(1000, `user already exists: ${username}`);
      const user: User = { id: nextId(world), name: username, status: 0, usertype: 0, permissions: [] };
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
    run: (context, { userinfo, permission }) => {
      context.need('admin');
      const user = existing(context, userinfo);
      if (typeof permission !== 'string' || !PERMISSIONS.includes(permission)) {
        throw new Fault(1000, `No such entry in table permissions: ${permission}`);
      }
      if (user.permissions.includes(permission)) {
        throw new Fault(1000, `user ${user.name} already has permission: ${permission}`);
      }
      user.permissions = [...user.permissions, permission];
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
      if (typeof permission !== 'string' || !user.permissions.includes(permission)) {
        throw new Fault(1000, `user ${user.name} does not have permission: ${permission}`);
      }
      user.permissions = user.permissions.filter((name) => name !== permission);
      context.changed();
      return null;
    },
  },
};

function allow(context: Context, username: unknown, status: 0 | 1): null {
  context.need('admin');
  const user = existing(context, username);
  if (user.status !== status) {
    user.status = status;
    context.changed();
  }
  return null;
}

function existing({ world }: Context, info: unknown): User {
  const user = find(world.users, info);
  if (user === undefined) throw unknownUser(info);
  return user;
}

function unknownUser(info: unknown): Fault {
  return new Fault(1000, `No such user: '${info}'`);
}
