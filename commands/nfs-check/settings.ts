import { z } from 'zod';

const mount = z.strictObject({
  at: z.string().startsWith('/').meta({ description: 'The mount point.' }),
  from: z
    .string()
    .regex(/^\S+:\/\S*$|^\[[^\]]+\]:\/\S*$/, 'Write it as server:/path, as in /proc/mounts.')
    .meta({ description: 'What should be mounted there, as the mount was made.' }),
  mode: z.enum(['rw', 'ro', 'any']).default('rw'),
  options: z
    .array(z.string().regex(/^!?[^,\s!]+$/))
    .default([])
    .meta({ description: 'Options that must be there; `!soft` must not.' }),
});

const noDoubles = (mounts: readonly { at: string }[]): boolean =>
  new Set(mounts.map((one) => one.at)).size === mounts.length;

const group = z.strictObject({
  hosts: z
    .union([z.literal('all'), z.array(z.string()).min(1)])
    .default('all')
    .meta({
      description: 'Hosts of the config, or `all`. A host takes the mounts of every group that names it.',
    }),
  mounts: z.array(mount).min(1).max(40).refine(noDoubles, 'Two mounts at one place.'),
});

/** The part of the config at `commands.nfs check.settings`. */
export const settings = z.strictObject({
  deadlineSeconds: z.number().int().min(1).max(60).default(5),
  fstype: z
    .string()
    .default('^nfs4?$')
    .meta({ description: 'Extended regular expression: the file system types that are right.' }),
  groups: z.array(group).default([]),
});

export type Settings = z.output<typeof settings>;
export type ExpectedMount = z.output<typeof mount>;

/** The mounts of a builder of koji.katello.org, as an example and for the sandbox. */
export const exampleSettings: z.input<typeof settings> = {
  groups: [
    {
      hosts: 'all',
      mounts: [
        { at: '/mnt/koji', from: 'koji.katello.org:/koji' },
        { at: '/mnt/koji/packages', from: 'koji.katello.org:/exports/koji/packages' },
        { at: '/mnt/koji/repos', from: 'koji.katello.org:/repos' },
        { at: '/mnt/tmp/external-repos', from: 'koji.katello.org:/external-repos' },
      ],
    },
  ],
};

/** What should be mounted on a host. */
export function mountsOf(host: string, from: Settings): readonly ExpectedMount[] {
  return from.groups
    .filter((one) => one.hosts === 'all' || one.hosts.includes(host))
    .flatMap((one) => one.mounts);
}
