import { z } from 'zod';
import type { Json } from '../../src/core/json.ts';
import { clock, count, size, speed } from './amounts.ts';

const repository = z.object({
  packages: z.number(),
  bytes: z.number(),
  /** What upstream has; null: not known. */
  ofPackages: z.number().nullable(),
  ofBytes: z.number().nullable(),
  good: z.boolean(),
});

const shape = z.object({
  /** What the script says that it does: `count`, `sync`, `check`. */
  phase: z.string(),
  /** What programs do that print nothing of their own: `metadata`. */
  busy: z.string().nullable(),
  /** The repository that it is at: `fedora41 os x86_64`. */
  at: z.string().nullable(),
  repositories: z.record(z.string(), repository),
  /** When it began, and when something last came in, by the host's clock; milliseconds. */
  began: z.number().nullable(),
  moved: z.number().nullable(),
  /** Bytes of all repositories at some moments, oldest first. */
  seen: z.array(z.tuple([z.number(), z.number()])),
  /** The last words of the script that were no progress. */
  said: z.string(),
});

type State = z.output<typeof shape>;
type Repository = z.output<typeof repository>;

const START: State = {
  phase: '',
  busy: null,
  at: null,
  repositories: {},
  began: null,
  moved: null,
  seen: [],
  said: '',
};

/** More samples say less about now. */
const MOST_SEEN = 8;
/** A label has a few; a log that names more is not ours. */
const MOST_REPOSITORIES = 60;
/** Of a line: names in it are upstream's, and what reads it takes the square of a length at worst. */
const LONGEST_LINE = 1_000;
const QUIET_MS = 5 * 60_000;

/** How far the log of a sync shows it to be: the script's own lines, and what rsync, dnf and mrepo print between. */
export const progress = {
  /** Takes in more of the log, whole lines. The same text in other pieces gives the same. */
  read(before: Json | null, text: string): Json {
    const parsed = shape.safeParse(before);
    const state = structuredClone(parsed.success ? parsed.data : START);
    // What rsync prints over and over ends with a carriage return.
    for (const line of text.split(/[\r\n]+/))
      if (line.trim() !== '') take(state, line.slice(0, LONGEST_LINE));
    return state;
  },
  /** One line for people; `forMs` is how long it has been running. */
  says(now: Json, forMs: number): string {
    const parsed = shape.safeParse(now);
    return parsed.success ? draw(parsed.data, forMs) : 'it runs';
  },
};

const OWN = /^== (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (.*)$/;
const AMOUNT =
  /^(expect|have|good) ([A-Za-z0-9][\w.+-]{0,63} [\w.-]{1,40} \w{1,20}): (\d{1,15}) packages, (\d{1,15}) bytes$/;

function take(state: State, line: string): void {
  const own = OWN.exec(line);
  if (own) takeOwn(state, own);
  else takeProgram(state, line);
}

function takeOwn(state: State, [, time = '', words = '']: readonly string[]): void {
  const at = Date.parse(time);
  // Not the script's: what an upstream calls a file may look like a line of it.
  if (Number.isNaN(at)) return;
  state.began ??= at;
  const amount = AMOUNT.exec(words);
  if (amount) {
    const [, kind = '', name = '', packages, bytes] = amount;
    takeAmount(state, kind, name, Number(packages), Number(bytes), at);
    return;
  }
  const [, phase] = /^phase ([a-z]+)$/.exec(words) ?? [];
  const [, place] = /^at ([A-Za-z0-9][\w.+-]{0,63} [\w.-]{1,40} \w{1,20})$/.exec(words) ?? [];
  if (phase !== undefined) Object.assign(state, { phase, busy: null, moved: at });
  else if (place !== undefined) Object.assign(state, { at: place, busy: null });
  else state.said = words.slice(0, 200);
}

function takeAmount(
  state: State,
  kind: string,
  name: string,
  packages: number,
  bytes: number,
  at: number,
): void {
  const one = repositoryOf(state, name);
  if (!one) return;
  if (kind === 'expect') Object.assign(one, { ofPackages: packages, ofBytes: bytes });
  if (kind === 'good') one.good = true;
  if (kind !== 'have') return;
  if (state.phase === 'sync' && (one.bytes !== bytes || one.packages !== packages))
    Object.assign(state, { at: name, moved: at });
  Object.assign(one, { packages, bytes });
  if (state.phase === 'sync') sample(state, at);
}

function sample(state: State, at: number): void {
  const bytes = sum(state, (one) => one.bytes);
  // Lines of one moment are one sample.
  if (state.seen.at(-1)?.[0] === at) state.seen.pop();
  state.seen.push([at, bytes]);
  if (state.seen.length > MOST_SEEN) state.seen.shift();
}

/** What stands between the script's own lines: it refines them, and they correct it. */
function takeProgram(state: State, line: string): void {
  const [, nick, url] = /^(\S+): Mirror packages from (\S+) to \S+$/.exec(line) ?? [];
  if (nick !== undefined && url !== undefined) {
    const repo = line.slice(line.lastIndexOf('/') + 1);
    state.at = Object.keys(state.repositories).find((name) => isOf(name, nick, repo)) ?? `${nick} ${repo}`;
    state.busy = null;
    return;
  }
  if (/: Create repomd repository for \S+$|^Directory walk started$|^Temporary output repo path/.test(line)) {
    state.busy = 'metadata';
    return;
  }
  const one = state.at === null ? null : repositoryOf(state, state.at);
  if (!one) return;
  // dnf: `(12/610): foo-1-1.x86_64.rpm   2.2 MB/s | 5.3 kB   00:00`.
  const dnf = /^\((\d+)\/(\d+)\): \S+\.rpm\s.*\|\s*([\d.]+)\s*([kMG]?)\s*B\s/.exec(line);
  // rsync over a whole transfer: `1,234,567  45%   22.00MB/s    0:01:23 (xfr#12, to-chk=100/200)`.
  const rsync =
    /^\s*([\d,]+)\s+(\d+)%\s+[\d.]+[kMG]?B\/s\s+[\d:]+(?:\s+\((?:xfr|xfer)#(\d+), (?:to|ir)-che?c?k=(\d+)\/(\d+)\))?/.exec(
      line,
    );
  if (dnf) add(one, 1, Number(dnf[3]) * (SCALE[dnf[4] ?? ''] ?? 1), Number(dnf[2]));
  else if (rsync) takeRsync(one, rsync);
  // A name by itself: rsync -v, and lftp's `Transferring file`.
  else if (/^(?:Transferring file [`'"])?[^\s:]+\.rpm['"]?$/.test(line.trim())) add(one, 1, 0, null);
}

const SCALE: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

function takeRsync(one: Repository, [, bytes = '0', percent, , left, of]: readonly string[]): void {
  const sent = Number(bytes.replaceAll(',', ''));
  // Where the script knows better, its own lines count.
  if (one.ofPackages !== null) return;
  if (left !== undefined && of !== undefined) one.packages = Math.max(0, Number(of) - Number(left));
  if (Number(percent) > 0 && Number(percent) <= 100) one.bytes = Math.max(one.bytes, sent);
}

function add(one: Repository, packages: number, bytes: number, of: number | null): void {
  one.packages = Math.min(one.packages + packages, one.ofPackages ?? Number.MAX_SAFE_INTEGER);
  one.bytes = Math.min(one.bytes + bytes, one.ofBytes ?? Number.MAX_SAFE_INTEGER);
  if (one.ofPackages === null && of !== null) one.ofPackages = of;
}

function repositoryOf(state: State, name: string): Repository | null {
  const known = state.repositories[name];
  if (known) return known;
  if (Object.keys(state.repositories).length >= MOST_REPOSITORIES) return null;
  const made: Repository = { packages: 0, bytes: 0, ofPackages: null, ofBytes: null, good: false };
  state.repositories[name] = made;
  return made;
}

/** Is `fedora41 os x86_64` what mrepo calls os of fedora41-x86_64? */
function isOf(name: string, nick: string, repo: string): boolean {
  const [label, itsRepo, arch] = name.split(' ');
  return itsRepo === repo && (nick === `${label}-${arch}` || nick === label);
}

function sum(state: State, of: (one: Repository) => number): number {
  return Object.values(state.repositories).reduce((total, one) => total + of(one), 0);
}

function draw(state: State, forMs: number): string {
  const all = Object.values(state.repositories);
  if (state.phase === 'count' || state.phase === '') return 'looking at what upstream has, and what would go';
  if (state.phase === 'check') return checkText(all.filter((one) => one.good).length, all.length);
  const name = state.at ?? Object.keys(state.repositories)[0];
  const one = name === undefined ? undefined : state.repositories[name];
  if (name === undefined || !one) return 'the sync has begun';
  const rate = rateOf(state);
  const parts = [
    `${count(one.packages, one.ofPackages)} packages`,
    ...(one.bytes > 0 || one.ofBytes !== null ? [size(one.bytes, one.ofBytes)] : []),
    ...(state.busy === 'metadata'
      ? ['making the metadata']
      : [...(rate > 0 ? [speed(rate)] : []), ...endOf(state, rate), ...quietOf(state, forMs)]),
  ];
  const whole = all.filter((each) => each.ofPackages !== null && each.packages >= each.ofPackages).length;
  return `${name}: ${parts.join(', ')}${all.length > 1 ? `; ${whole} of ${all.length} repositories have all` : ''}`;
}

function checkText(good: number, all: number): string {
  // The last that is said of it, and it stays there.
  if (good === all) return all === 1 ? 'checked, and good' : `checked, and all ${all} repositories are good`;
  return `checking what is there: ${good} of ${all} done`;
}

/** Bytes a second over the last samples. */
function rateOf({ seen }: State): number {
  const [first, last] = [seen[0], seen.at(-1)];
  if (!first || !last || last[0] <= first[0]) return 0;
  return Math.max(0, ((last[1] - first[1]) / (last[0] - first[0])) * 1000);
}

function endOf(state: State, rate: number): readonly string[] {
  const left = sum(state, (one) => Math.max(0, (one.ofBytes ?? 0) - one.bytes));
  const last = state.seen.at(-1);
  if (rate <= 0 || left <= 0 || !last) return [];
  return [`ready about ${clock(last[0] + (left / rate) * 1000, last[0])}`];
}

function quietOf({ began, moved }: State, forMs: number): readonly string[] {
  if (began === null || moved === null) return [];
  const quiet = began + forMs - moved;
  return quiet < QUIET_MS ? [] : [`nothing new for ${Math.round(quiet / 60_000)} minutes`];
}
