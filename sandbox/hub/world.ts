/** A Koji user. `usertype` 1 is a builder's own account, 2 a group of users. */
export interface User {
  readonly id: number;
  readonly name: string;
  /** 1: logins are not allowed. */
  status: 0 | 1;
  readonly usertype: 0 | 1 | 2;
  permissions: string[];
  /** Kerberos. */
  principals?: string[];
  /** Ids of groups that it is in. */
  groups?: number[];
}

export interface Host {
  readonly id: number;
  readonly name: string;
  readonly userId: number;
  arches: string;
  /** A real hub stores NaN here without a word. */
  capacity: number;
  description: string | null;
  comment: string | null;
  enabled: boolean;
  ready: boolean;
  taskLoad: number;
  /** Ids of channels. */
  channels: number[];
  /** A live builder checks in again and again; null for one that is silent. */
  checksInEverySeconds: number | null;
  /** For a silent one: seconds since 1970, or null for never. */
  lastCheckIn: number | null;
}

export interface Channel {
  readonly id: number;
  readonly name: string;
}

export interface Tag {
  readonly id: number;
  readonly name: string;
  readonly arches: string;
}

/** A tag that takes in what another one has. */
export interface Inheritance {
  readonly tagId: number;
  readonly parentId: number;
  readonly priority: number;
}

/** Builds of a target run in one tag, and what comes of them goes into another. */
export interface Target {
  readonly id: number;
  readonly name: string;
  readonly buildTagId: number;
  readonly destTagId: number;
}

export interface ExternalRepo {
  readonly id: number;
  name: string;
  url: string;
}

export interface TagExternalRepo {
  readonly tagId: number;
  readonly repoId: number;
  priority: number;
  mergeMode: string;
  arches: string | null;
}

/** `state`: 0 FREE, 1 OPEN, 2 CLOSED, 3 CANCELED, 4 ASSIGNED, 5 FAILED. */
export interface Task {
  readonly id: number;
  readonly method: string;
  readonly arch: string;
  readonly owner: number;
  readonly channelId: number;
  hostId: number | null;
  state: number;
  readonly createTs: number;
  startTs: number | null;
  completionTs: number | null;
  readonly request: string;
  /** Why it failed. */
  fault?: { readonly code: number; readonly text: string };
}

/** A repository of a build tag that is ready. */
export interface Repo {
  readonly id: number;
  readonly tagId: number;
  /** What the tag had then is in it. */
  readonly createTs: number;
}

/** How tasks newRepo fare here: a real hub takes minutes. In seconds after they were made. */
export interface NewRepos {
  openAfter: number;
  endAfter: number;
  /** By tag, where they do not end well: it fails, no builder takes it, or it runs and runs. */
  fates: Record<string, 'failed' | 'free' | 'open'>;
}

export interface HubSession {
  readonly id: number;
  key: string;
  readonly userId: number;
  readonly ip: string;
  callnum: number | null;
  expired: boolean;
  closed: boolean;
  readonly startTs: number;
  renewTs: number | null;
}

/** A call that was carried out and may have changed something. */
export interface Change {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly user: string;
  /** ISO 8601. */
  readonly at: string;
  /** False for a call that found everything as it wanted it. */
  readonly changed: boolean;
}

/** All that the hub remembers. Plain data: it is kept as JSON. */
export interface World {
  nextId: number;
  /** In no useful order: a changed one goes to the end, as in the database. */
  hosts: Host[];
  users: User[];
  channels: Channel[];
  tags: Tag[];
  inheritance: Inheritance[];
  targets: Target[];
  externalRepos: ExternalRepo[];
  tagExternalRepos: TagExternalRepo[];
  tasks: Task[];
  repos: Repo[];
  newRepos: NewRepos;
  sessions: HubSession[];
  changes: Change[];
}

const CHANNELS = ['default', 'createrepo', 'maven', 'livecd', 'appliance', 'vm', 'image', 'fedora', 'el8'];
const TAGS = [
  'foreman-nightly-el8',
  'foreman-nightly-el8-build',
  'katello-nightly-el8',
  'katello-nightly-el8-build',
];

/** The hub of a project that builds RPMs for two Enterprise Linuxes on a handful of builders. `now` in seconds. */
export function firstWorld(now: number): World {
  const channels = CHANNELS.map((name, at) => ({ id: at + 1, name }));
  const idsOf = (names: readonly string[]) =>
    channels.filter(({ name }) => names.includes(name)).map(({ id }) => id);
  const person = (id: number, name: string, permissions: string[] = [], status: 0 | 1 = 0): User => {
    return { id, name, status, usertype: 0, permissions };
  };
  const builder = (
    id: number,
    name: string,
    more: Partial<Host> & { channelNames: readonly string[] },
  ): Host => {
    const { channelNames, ...rest } = more;
    return {
      id,
      name,
      userId: 100 + id,
      arches: 'x86_64 i386',
      capacity: 4,
      description: null,
      comment: null,
      enabled: true,
      ready: true,
      taskLoad: 0,
      channels: idsOf(channelNames),
      checksInEverySeconds: 15,
      lastCheckIn: null,
      ...rest,
    };
  };
  const hosts = [
    builder(3, 'builder3', { arches: 'aarch64', capacity: 8, taskLoad: 1.5, channelNames: ['default'] }),
    builder(1, 'builder1', { capacity: 16, taskLoad: 9.5, channelNames: ['default', 'livecd'] }),
    builder(4, 'koji-fedora28', {
      arches: 'x86_64',
      capacity: 8,
      taskLoad: 2.2,
      description: 'createrepo, Fedora and EL8',
      channelNames: ['createrepo', 'fedora', 'el8'],
    }),
    builder(2, 'builder2', { taskLoad: 3.7, channelNames: ['default'] }),
  ];
  const users = [
    person(1, 'kojiadmin', ['admin']),
    person(2, 'steward', ['host', 'repo', 'tag']),
    person(3, 'pat', ['repo']),
    person(4, 'robin'),
    person(5, 'sasha'),
    person(6, 'retired', ['host'], 1),
    ...hosts.map(
      (host): User => ({ id: host.userId, name: host.name, status: 0, usertype: 1, permissions: [] }),
    ),
  ];
  const open = (id: number, hostId: number, method: string, arch: string): Task => {
    const createTs = now - 600 - id;
    return {
      id,
      method,
      arch,
      owner: 3,
      channelId: 1,
      hostId,
      state: 1,
      createTs,
      startTs: createTs + 20,
      completionTs: null,
      request: 'foreman-nightly-el8-build',
    };
  };
  return {
    nextId: 1000,
    hosts,
    users,
    channels,
    tags: TAGS.map((name, at) => ({ id: at + 1, name, arches: 'x86_64' })),
    // Katello is built with what Foreman's builds have.
    inheritance: [
      { tagId: 2, parentId: 1, priority: 0 },
      { tagId: 4, parentId: 3, priority: 0 },
      { tagId: 4, parentId: 2, priority: 10 },
    ],
    targets: [
      { id: 1, name: 'foreman-nightly-el8', buildTagId: 2, destTagId: 1 },
      { id: 2, name: 'katello-nightly-el8', buildTagId: 4, destTagId: 3 },
    ],
    externalRepos: [
      { id: 1, name: 'centos8-base', url: 'http://mirror.example.com/centos/8/BaseOS/$arch/os/' },
    ],
    tagExternalRepos: [{ tagId: 2, repoId: 1, priority: 10, mergeMode: 'koji', arches: null }],
    tasks: [
      open(901, 1, 'buildArch', 'x86_64'),
      open(902, 1, 'buildArch', 'i386'),
      open(903, 2, 'buildArch', 'x86_64'),
    ],
    repos: [],
    newRepos: { openAfter: 0.1, endAfter: 0.3, fates: {} },
    sessions: [],
    changes: [],
  };
}
