import { z } from 'zod';
import type { Oddity, Surroundings } from '../../src/core/command.ts';
import { strangeHosts } from '../host-reading.ts';
import { isNetwork } from './addresses.ts';
import { wrongInArch } from './names.ts';

const path = z
  .string()
  .regex(
    /^(?!.*\/\.\.(\/|$))(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/,
    'should be an absolute path of plain characters',
  );

const network = z
  .string()
  .refine(isNetwork, 'should be a network like 10.0.0.0/8 or fd00::/8, or one address');

const word = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'should be a word: small letters, digits and dashes');

const template = z
  .string()
  .regex(
    /^(file|https?):\/\/([A-Za-z0-9._~:/$-]|<label>|<repo>)+$/,
    'should be an address: file://…, http://… or https://…, with <label>, <repo> and $arch in it',
  )
  .refine(
    (text) => text.includes('<label>') && text.includes('<repo>'),
    'should have <label> and <repo> in it, or two repositories would have one address',
  );

/** The part of the config at `shared.repos`: where external repositories are mirrored, and how the hub finds them. */
export const settings = z.strictObject({
  host: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The host that mirrors, as `hosts.list` names it.' }),
  backend: z
    .enum(['mrepo', 'reposync'])
    .default('mrepo')
    .meta({ description: '`mrepo`, or `dnf reposync` with `createrepo_c`.' }),
  config: path.default('/etc/mrepo.conf'),
  confdir: path.optional().meta({
    description: 'Directory of more configuration, read as *.conf, where mrepo has one (`confdir`).',
  }),
  entries: z
    .enum(['config', 'confdir'])
    .default('config')
    .meta({ description: 'Where a new entry goes: at the end of `config`, or into a file of its own.' }),
  srcdir: path
    .default('/mnt/koji/external-repos/src')
    .meta({ description: 'For mrepo: where the packages are, <label>-<arch>/<repo>/.' }),
  wwwdir: path.default('/mnt/koji/external-repos/www').meta({
    description: 'Below it are <label>-<arch>/RPMS.<repo>/, whichever back end makes them.',
  }),
  reposDir: path
    .default('/etc/steward/repos.d')
    .meta({ description: 'For reposync: where each label has its .repo file.' }),
  mirrorDir: path
    .default('/mnt/koji/external-repos/www')
    .meta({ description: 'For reposync: where the packages are, laid out like `wwwdir`.' }),
  destinations: z
    .record(word, template)
    .default({ main: 'file:///mnt/koji/external-repos/www/<label>-$arch/RPMS.<repo>/' })
    .meta({ description: 'By name (`for=main`): the address at which the hub has a mirrored repository.' }),
  names: z
    .string()
    .regex(/^([A-Za-z0-9_.+-]|<label>|<repo>)+$/, 'should be a name with <label> and <repo> in it')
    .refine((text) => text.includes('<label>') && text.includes('<repo>'), 'should have <label> and <repo>')
    .default('<label>-<repo>')
    .meta({ description: 'What a repository is called on the hub.' }),
  arches: z
    .array(z.string().refine((text) => wrongInArch(text) === null, 'should be an arch like x86_64'))
    .min(1)
    .max(10)
    .default(['x86_64'])
    .meta({ description: 'Arches that may be mirrored; all of them where nobody says which.' }),
  allowInside: z
    .array(network)
    .default([])
    .meta({ description: 'Networks inside that upstreams may be in all the same.' }),
  ownNetworks: z
    .array(network)
    .default([])
    .meta({ description: 'Public networks of the site itself, where no upstream may be.' }),
  deletions: z
    .strictObject({
      count: z.number().int().min(0).default(200),
      percent: z.number().min(0).max(100).default(10),
    })
    .prefault({})
    .meta({ description: 'A sync that would delete more packages than either waits for a yes.' }),
  announce: z
    .strictObject({
      audience: word,
      text: z
        .string()
        .min(1)
        .max(400)
        .default(
          'New content can change what builds take in, and break some: repositories are not synced regularly. If a build fails that did not before, say so here.',
        ),
    })
    .optional()
    .meta({ description: 'Who is told of a new repository, and what is said behind its name.' }),
  staleDays: z
    .number()
    .positive()
    .default(90)
    .meta({ description: 'After how many days `repo check` says that something was not synced.' }),
  megabytesPerSecond: z
    .number()
    .positive()
    .default(5)
    .meta({ description: 'How fast upstreams usually are, for the expected hours.' }),
  deadlineSeconds: z.number().int().min(1).max(50).default(15),
});

export type Settings = z.output<typeof settings>;

/** Places of a template filled in. */
export function filled(text: string, label: string, repo: string): string {
  return text.replaceAll('<label>', label).replaceAll('<repo>', repo);
}

/** What a repository of a label is called on the hub. */
export function hubName(label: string, repo: string, { names }: Settings): string {
  return filled(names, label, repo);
}

/** What of them the rest of the config does not fit, or the mirror as it is laid out. */
export function oddities(given: Settings, { hosts, audiences }: Surroundings): readonly Oddity[] {
  const { host, announce, entries, confdir, backend } = given;
  const found = [...strangeHosts([[['host'], host]], hosts)];
  const odd = (keys: Oddity['keys'], says: string): void => void found.push({ keys, says });
  if (announce && !audiences.includes(announce.audience))
    odd(
      ['announce', 'audience'],
      `audiences has no ${announce.audience}, so what packagers should know goes to the approvers. Audiences: ${audiences.join(', ') || 'none'}.`,
    );
  if (backend === 'mrepo' && entries === 'confdir' && confdir === undefined)
    odd(['entries'], 'is confdir, and confdir is not named: no new entry can be written');
  for (const [name, template] of Object.entries(given.destinations))
    if (!isLaidOut(template, given)) {
      const [arch = 'x86_64', another] = given.arches;
      const says = `the mirror has each repository at <label>-${another === undefined ? `$arch (or ${arch})` : '$arch'}/RPMS.<repo>/, and this address does not end so: builds find nothing there`;
      odd(['destinations', name], says);
    }
  return found;
}

/** A site with one arch may write it out. */
function isLaidOut(template: string, { arches }: Settings): boolean {
  const [only, another] = arches;
  const ends = ['$arch', ...(another === undefined ? [only] : [])];
  return ends.some((arch) => template.replace(/\/$/, '').endsWith(`/<label>-${arch}/RPMS.<repo>`));
}
