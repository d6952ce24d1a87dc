import { type Context, dateText, Fault, find, type Methods, nextId } from '../method.ts';
import { double, type Wire } from '../wire.ts';
import type { Channel, Host, User } from '../world.ts';

/** Builders and their channels. */
export const hostMethods: Methods = {
  listHosts: {
    signature: 'arches?, channelID?, ready?, enabled?, userID?, queryOpts?',
    run: (context, { arches, channelID, ready, enabled, userID }) => {
      const channel =
        channelID === undefined || channelID === null ? null : channelNamed(context, channelID).id;
      const wanted = typeof arches === 'string' ? [arches] : Array.isArray(arches) ? arches : null;
      return context.world.hosts
        .filter((host) => channel === null || host.channels.includes(channel))
        .filter((host) => typeof ready !== 'boolean' || host.ready === ready)
        .filter((host) => typeof enabled !== 'boolean' || host.enabled === enabled)
        .filter((host) => typeof userID !== 'number' || host.userId === userID)
        .filter((host) => wanted === null || host.arches.split(' ').some((arch) => wanted.includes(arch)))
        .map((host) => hostWire(context, host));
    },
  },
  getHost: {
    signature: 'hostInfo, strict?, event?',
    run: (context, { hostInfo, strict }) => {
      const host = find(context.world.hosts, hostInfo);
      if (host !== undefined) return hostWire(context, host);
      if (strict === true) throw unknownHost(hostInfo);
      return null;
    },
  },
  getLastHostUpdate: {
    signature: 'hostID, ts?',
    run: (context, { hostID, ts }) => {
      if (context.version === '1.20' && ts !== undefined) {
        throw new Fault(1019, "RootExports.getLastHostUpdate() got an unexpected keyword argument 'ts'");
      }
      const host = context.world.hosts.find(({ id }) => id === integer(hostID));
      const at = host === undefined ? null : lastCheckIn(host, context.now);
      if (ts === true) return at === null ? null : double(at);
      return dateText(at, context.version);
    },
  },
  editHost: {
    signature: 'hostInfo, **kw',
    writes: true,
    run: (context, { hostInfo, ...wanted }) => {
      context.need('host');
      const host = find(context.world.hosts, hostInfo);
      if (host === undefined) throw unknownHost(hostInfo);
      // Keywords that it does not know are dropped without a word.
      const { arches, capacity, description, comment } = wanted;
      const next: Partial<Host> = {};
      if (typeof arches === 'string' && arches !== host.arches) next.arches = arches;
      if (capacity !== undefined) {
        const number = capacityOf(capacity, host);
        if (!Object.is(number, host.capacity)) next.capacity = number;
      }
      if (isText(description) && description !== host.description) next.description = description;
      if (isText(comment) && comment !== host.comment) next.comment = comment;
      if (Object.keys(next).length === 0) return false;
      revise(context, host, next);
      return true;
    },
  },
  enableHost: {
    signature: 'hostname',
    writes: true,
    run: (context, { hostname }) => enable(context, hostname, true),
  },
  disableHost: {
    signature: 'hostname',
    writes: true,
    run: (context, { hostname }) => enable(context, hostname, false),
  },
  addHost: {
    signature: 'hostname, arches, krb_principal?, force?',
    writes: true,
    run: (context, { hostname, arches, force }) => {
      const { world, version } = context;
      context.need('host');
      if (typeof hostname !== 'string') throw new Fault(1, "<class 'TypeError'>: a name must be a string");
      if (world.hosts.some(({ name }) => name === hostname)) {
        throw new Fault(1000, `host already exists: ${hostname}`);
      }
      if (version === '1.35' && !/^[A-Za-z0-9/_.+-]+$/.test(hostname)) {
        throw new Fault(1000, `Name ${hostname} does not match RegexNameInternal value`);
      }
      // A string is taken letter by letter, as Python does with whatever it can join.
      const list: readonly unknown[] =
        typeof arches === 'string' ? [...arches] : Array.isArray(arches) ? arches : [];
      const user = accountFor(context, hostname, force === true);
      const host: Host = {
        id: nextId(world),
        name: hostname,
        userId: user.id,
        arches: list.join(' '),
        capacity: 2,
        description: null,
        comment: null,
        enabled: true,
        ready: false,
        taskLoad: 0,
        channels: [1],
        checksInEverySeconds: null,
        lastCheckIn: null,
      };
      world.hosts.push(host);
      context.changed();
      return host.id;
    },
  },
  listChannels: {
    signature: 'hostID?, event?, enabled?',
    run: (context, { hostID }) => {
      const { world, version } = context;
      if (hostID === undefined || hostID === null)
        return world.channels.map((row) => channelWire(context, row));
      const host = find(world.hosts, version === '1.20' ? integer(hostID) : hostID);
      const ids = host?.channels ?? [];
      return world.channels.filter(({ id }) => ids.includes(id)).map((row) => channelWire(context, row));
    },
  },
  getChannel: {
    signature: 'channelInfo, strict?',
    run: (context, { channelInfo, strict }) => {
      const channel = find(context.world.channels, channelInfo);
      if (channel !== undefined) return channelWire(context, channel);
      if (strict === true) throw new Fault(1000, `Invalid channelInfo: ${channelInfo}`);
      return null;
    },
  },
  addHostToChannel: {
    signature: 'hostname, channel_name, create?, force?',
    writes: true,
    run: (context, { hostname, channel_name: name, create }) => {
      const { world } = context;
      context.need('host');
      const host = existing(context, hostname);
      let channel = find(world.channels, name);
      if (channel === undefined) {
        if (create !== true || typeof name !== 'string')
          throw new Fault(1000, `channel does not exist: ${name}`);
        channel = { id: nextId(world), name };
        world.channels.push(channel);
      }
      if (host.channels.includes(channel.id)) {
        throw new Fault(1000, `host ${host.name} is already subscribed to the ${channel.name} channel`);
      }
      revise(context, host, { channels: [...host.channels, channel.id] });
      return null;
    },
  },
  removeHostFromChannel: {
    signature: 'hostname, channel_name',
    writes: true,
    run: (context, { hostname, channel_name: name }) => {
      context.need('host');
      const host = existing(context, hostname);
      const channel = channelNamed(context, name);
      if (!host.channels.includes(channel.id)) {
        throw new Fault(1000, `host ${host.name} is not subscribed to the ${channel.name} channel`);
      }
      revise(context, host, { channels: host.channels.filter((id) => id !== channel.id) });
      return null;
    },
  },
};

function hostWire({ version, now }: Context, host: Host): Wire {
  const { arches, capacity, comment, description, enabled, id, name, ready, taskLoad, userId } = host;
  const at = lastCheckIn(host, now);
  const common = {
    arches,
    capacity: double(capacity),
    comment,
    description,
    enabled,
    id,
    name,
    ready,
    task_load: double(taskLoad),
    user_id: userId,
  };
  return version === '1.20' ? common : { ...common, update_ts: at === null ? null : double(at) };
}

function channelWire({ version }: Context, { id, name }: Channel): Wire {
  return version === '1.20' ? { id, name } : { comment: null, description: null, enabled: true, id, name };
}

/** Live builders check in at a beat, each at its own moment of it. */
function lastCheckIn(host: Host, now: number): number | null {
  const every = host.checksInEverySeconds;
  return every === null ? host.lastCheckIn : now - ((now + host.id * 4.7) % every);
}

function enable(context: Context, hostname: unknown, enabled: boolean): null {
  context.need('host');
  // There is no "already": each call makes a new revision.
  revise(context, existing(context, hostname), { enabled });
  return null;
}

function revise({ world, changed }: Context, host: Host, next: Partial<Host>): void {
  Object.assign(host, next);
  world.hosts = [...world.hosts.filter((other) => other !== host), host];
  changed();
}

function existing({ world }: Context, hostname: unknown): Host {
  const host = find(world.hosts, hostname);
  if (host === undefined) throw new Fault(1000, `host does not exist: ${hostname}`);
  return host;
}

function channelNamed({ world }: Context, info: unknown): Channel {
  const channel = find(world.channels, info);
  if (channel === undefined) throw new Fault(1000, `Invalid channelInfo: ${info}`);
  return channel;
}

/** A builder that logged in before it was added has become an ordinary user. */
function accountFor({ world, version }: Context, name: string, force: boolean): User {
  const known = world.users.find((user) => user.name === name);
  if (known === undefined) {
    const user: User = { id: nextId(world), name, status: 0, usertype: 1, permissions: [] };
    world.users.push(user);
    return user;
  }
  if (version === '1.20') {
    throw new Fault(
      1,
      `<class 'psycopg2.errors.UniqueViolation'>: duplicate key value violates unique constraint "users_name_key"\nDETAIL:  Key (name)=(${name}) already exists.\n`,
    );
  }
  if (!force) throw new Fault(1000, `user ${name} already exists and it is not a host`);
  return known;
}

/** The table's own check; NaN is above 1 for PostgreSQL. What it refuses comes back as the text of a row. */
function capacityOf(value: unknown, host: Host): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof value === 'string' && typeof number === 'number' && Number.isNaN(number)) {
    throw new Fault(
      1,
      `<class 'psycopg2.errors.InvalidTextRepresentation'>: invalid input syntax for type double precision: "${value}"\nLINE 1: ...ription, enabled, host_id) VALUES ('${host.arches}', '${value}'...\n`,
    );
  }
  if (typeof number !== 'number') {
    throw new Fault(1, `<class 'psycopg2.errors.NotNullViolation'>: null value in column "capacity"\n`);
  }
  if (number <= 1) {
    throw new Fault(
      1,
      `<class 'psycopg2.errors.CheckViolation'>: new row for relation "host_config" violates check constraint "host_config_capacity_check"\nDETAIL:  Failing row contains (${host.id}, ${host.arches}, ${number}, null, null, t, 43, null, 1, null, t).\n`,
    );
  }
  return number;
}

function integer(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new Fault(
    1,
    `<class 'psycopg2.errors.InvalidTextRepresentation'>: invalid input syntax for type integer: "${value}"\nLINE 6:    AND (host_channels.host_id = '${value}'\n`,
  );
}

function unknownHost(info: unknown): Fault {
  return new Fault(1000, `Invalid hostInfo: ${info}`);
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
