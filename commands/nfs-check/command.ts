import { z } from 'zod';
import type { Answer, Table } from '../../src/core/answer.ts';
import { defineCommand, type View } from '../../src/core/command.ts';
import { hostNames } from '../../src/core/fields.ts';
import { nearest } from '../../src/core/near.ts';
import { fitsPattern } from '../../src/core/pattern.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript } from '../../src/core/script.ts';
import { BUILDER_NAME, BUILDER_WORDS, NO_BUILDER } from '../builders.ts';
import { strangeHosts } from '../host-reading.ts';
import { type HostState, readReport } from './report.ts';
import { mountsOf, type Settings, settings } from './settings.ts';
import { adviceFor, badness, details } from './words.ts';

const check = loadScript(new URL('./check.sh', import.meta.url));

/** On top of the script's own deadline: connecting, and the host being slow. */
const SPARE_MS = 1500;
/** Up to so many hosts, each of them gets its own row though all is well. */
const ROWS_EACH = 8;

export default defineCommand({
  name: 'nfs check',
  summary: 'Check that the NFS mounts of hosts are there and answer',
  params: z.object({
    hosts: hostNames({
      title: 'Hosts',
      hint: 'Names, patterns with *, or all. Left out: all.',
      example: 'builder1 builder2',
    }).optional(),
  }),
  risk: 'read',
  ask: ['packager', 'admin'],
  settings: settings.optional(),
  oddities: (given, { hosts }) =>
    strangeHosts(
      (given?.groups ?? []).flatMap(({ hosts: named }, group) =>
        named === 'all' ? [] : named.map((host, at) => [['groups', group, 'hosts', at], host] as const),
      ),
      hosts,
    ),
  examples: ['nfs check', 'nfs check builder1', 'nfs check builder1, builder2'],
  recognise: {
    words: [
      anyOf(`nfs, nfs4, mnt koji, mounts`),
      anyOf(`hang, hangs, hanging, hung, stuck, stale, broken, missing, slow, down, gone, dead, check, okay,
          respond*, answer*, not mounted, not there, reach*, i o error*, input output error*, timeout*,
          timed out`),
      [...BUILDER_WORDS, ...anyOf(`koji, build, builds, task, tasks, host, hosts`)],
    ],
    unless: [...NO_BUILDER, ...anyOf(`kickstart, anaconda, pxe, provision*, pulp, libvirt`)],
    given: { hosts: BUILDER_NAME },
  },
  plan: async ({ hosts: asked }, view, given): Promise<Answer> => {
    const wanted = given ?? settings.parse({});
    const chosen = choose(asked ?? ['all'], view.hosts.names());
    const hosts = chosen.filter((host) => mountsOf(host, wanted).length > 0);
    const without = asked === undefined ? [] : chosen.filter((host) => !hosts.includes(host));
    if (hosts.length === 0)
      throw new Refused(
        `The config names no mounts for ${asked === undefined ? 'any host' : without.join(', ')}.`,
        'An admin lists them in the config, under the settings of this command.',
      );
    const states = await Promise.all(hosts.map((host) => look(host, wanted, view)));
    return answer(states, without, view.now);
  },
});

function choose(asked: readonly string[], known: readonly string[]): readonly string[] {
  const chosen = new Set<string>();
  for (const name of asked) {
    const pattern = name.toLowerCase() === 'all' && !known.includes(name) ? '*' : name;
    const found = pattern.includes('*')
      ? known.filter((host) => fitsPattern(host, pattern))
      : known.filter((host) => host === name);
    if (found.length === 0) {
      const meant = nearest(name, known);
      throw new Refused(
        `There is no host ${name} in the config.${meant ? ` Did you mean ${meant}?` : ''}`,
        known.length <= 12 ? `The hosts are ${known.join(', ')}.` : undefined,
      );
    }
    for (const host of found) chosen.add(host);
  }
  return known.filter((host) => chosen.has(host));
}

async function look(host: string, wanted: Settings, { hosts, signal }: View): Promise<HostState> {
  const mounts = mountsOf(host, wanted);
  const args = mounts.flatMap((one) => [one.at, one.from, one.mode, one.options.join(',')]);
  const outcome = await hosts.read(host, check, [String(wanted.deadlineSeconds), wanted.fstype, ...args], {
    deadlineMs: wanted.deadlineSeconds * 1000 + SPARE_MS,
    signal,
  });
  return readReport(host, mounts, outcome);
}

function answer(states: readonly HostState[], without: readonly string[], now: Date): Answer {
  const rows = states.flatMap((state) => rowsOf(state, now));
  const bad = rows
    .filter((row) => row.verdict !== 'ok')
    .sort((a, b) => badness(b.verdict) - badness(a.verdict));
  const good = rows.filter((row) => row.verdict === 'ok');
  const badHosts = new Set(bad.map((row) => row.host)).size;
  const lost = new Set(bad.filter((row) => row.verdict !== 'wrong-options').map((row) => row.host));
  const plural = states.length === 1 ? (states[0]?.host ?? '') : `${states.length} hosts`;
  return {
    kind: 'answer',
    title: bad.length === 0 ? `NFS is well on ${plural}` : `NFS trouble on ${badHosts} of ${plural}`,
    verdict: lost.size > 0 ? 'bad' : bad.length > 0 ? 'warn' : 'ok',
    lines: [
      ...adviceFor(new Set(bad.map((row) => row.verdict))),
      ...(without.length > 0 ? [`The config names no mounts for ${without.join(', ')}.`] : []),
    ],
    table: table(bad, good, states.length),
    next: next(bad),
  };
}

interface Row {
  readonly host: string;
  readonly mount: string;
  readonly verdict: Parameters<typeof badness>[0];
  readonly details: string;
}

function rowsOf(state: HostState, now: Date): readonly Row[] {
  if ('says' in state)
    return [{ host: state.host, mount: '(all)', verdict: state.verdict, details: state.says }];
  const bad = state.mounts
    .filter((one) => one.verdict !== 'ok')
    .map((one) => ({
      host: state.host,
      mount: one.mount.at,
      verdict: one.verdict,
      details: details(one, now),
    }));
  const good = state.mounts.filter((one) => one.verdict === 'ok');
  if (good.length === 0) return bad;
  const mount = bad.length === 0 ? `all ${good.length}` : `${good.length} more`;
  return [
    ...bad,
    { host: state.host, mount, verdict: 'ok', details: good.map((one) => one.mount.at).join(' ') },
  ];
}

function table(bad: readonly Row[], good: readonly Row[], hosts: number): Table {
  const cells = (row: Row): readonly string[] => [row.host, row.mount, row.verdict, row.details];
  const well = good.filter((row) => row.mount.startsWith('all'));
  const rows =
    hosts <= ROWS_EACH
      ? [...bad, ...good].map(cells)
      : [...bad.map(cells), ...(well.length > 0 ? [[`${well.length} hosts`, 'all', 'ok', '']] : [])];
  return { columns: ['Host', 'Mount', 'State', 'Details'], rows };
}

/** What would help now, as a person would type it. */
function next(bad: readonly Row[]): readonly string[] {
  const stuck = new Set(
    bad
      .filter((row) => ['hung', 'missing', 'stale', 'io-error'].includes(row.verdict))
      .map((row) => row.host),
  );
  const again = [...new Set(bad.map((row) => row.host))].slice(0, 10);
  return [
    ...[...stuck].slice(0, 3).map((host) => {
      const row = bad.find((one) => one.host === host && one.verdict !== 'ok');
      return `builder disable ${host} because=${row?.mount ?? 'NFS'} is ${row?.verdict ?? 'broken'}`;
    }),
    ...(again.length > 0 ? [`nfs check ${again.join(' ')}`] : []),
  ];
}
