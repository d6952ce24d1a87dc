import { z } from 'zod';
import type { View } from '../../src/core/command.ts';
import { plainText } from '../../src/core/plain-text.ts';
import type { HowFar, Intent, Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import type { BuildTag, RepoTask } from './hub.ts';
import { repoTasks } from './hub.ts';

/**
 * Clocks of hub and Steward may be this far apart. Further apart a newRepo may be made twice, which costs a builder's time;
 * another request's task taken for ours would leave builds without the change.
 */
const APART_MS = 2_000;
/** Of a task that is known to have been made: the newest one is ours, however wrong a clock is. */
const FAR_APART_MS = 3_600_000;
/**
 * A newRepo takes minutes, the largest an hour, and on a busy day as long again until a builder takes it. What is not
 * ready after this has a cause that only people find.
 */
const MOST_HOURS = 6;
/** A repository of so much later has what was changed before, whatever the clocks say. */
const SURELY_MS = 60_000;
const LONGEST_WHY = 300;

/** Waits until the new repositories of these tags are ready, side by side. `steps`: those that make them. */
export function readyStep(tags: readonly BuildTag[], steps: readonly Step[]): Step {
  const names = tags.map(({ tag }) => tag);
  const [first] = steps;
  return {
    key: `ready:${names.join(',')}`,
    title: `Wait until the new ${names.length === 1 ? 'repository' : 'repositories'} of ${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} ready`,
    kind: 'once',
    effect: { kind: 'wait', for: steps.map(({ key }) => key), hours: MOST_HOURS },
    changes: [],
    evidence: [],
    guards: [],
    ...(first?.follows ? { follows: first.follows } : {}),
  };
}

/** For `happened`: did the hub get the call for this tag? Other kinds of steps say themselves whether they happened. */
export async function newRepoHappened(
  { step, at }: Intent,
  view: View,
): Promise<'done' | 'not-done' | 'unknown'> {
  const tag = tagOf(step);
  if (tag === null) return 'unknown';
  const { name } = await view.hub.account(view.signal);
  return taskSince(tag, at, await repoTasks(name, view)) ? 'done' : 'not-done';
}

/** For `howFar`: are the repositories ready that were to be made anew? One that kojira made since then will do. */
export async function newReposHowFar(begun: readonly Intent[], view: View): Promise<HowFar> {
  const { name } = await view.hub.account(view.signal);
  const tasks = await repoTasks(name, view);
  const found = await Promise.all(
    begun.flatMap((intent) => {
      const { step, at } = intent;
      const tag = tagOf(step);
      return tag === null
        ? []
        : [lookAtTag({ tag, key: step.key, at, task: ownTask(tag, intent, tasks) }, view)];
    }),
  );
  const says = found.map((one) => one.says).join('; ');
  if (found.some(({ kind }) => kind === 'goes-on')) return { kind: 'goes-on', says: `newRepo of ${says}.` };
  const lost = found.filter(({ kind }) => kind === 'lost');
  if (lost.length === 0) return { kind: 'done', says: says === '' ? '' : `newRepo of ${says}.` };
  const tags = lost.map(({ tag }) => tag).join(', ');
  return {
    kind: 'failed',
    says: `newRepo of ${lost.map((one) => one.says).join('; ')}. What was changed stays so, but builds in ${tags} go on with the old repository until a newRepo succeeds. kojira tries that by itself; \`resume\` makes it anew at once.`,
    again: lost.map(({ key }) => key),
  };
}

/** How the repository of a tag stands that was made anew by this task, for people; without a task it is kojira's. */
export async function newRepoStands(
  tag: string,
  task: RepoTask | undefined,
  view: View,
): Promise<{ readonly says: string; readonly isFine: boolean }> {
  if (!task)
    return { says: `The repository of ${tag} is made anew by kojira, in its own time.`, isFine: true };
  if (task.isOver && task.isGood)
    return { says: `Task ${task.id} made the repository of ${tag} anew: builds use it now.`, isFine: true };
  if (await isNewer(tag, task.at, view))
    return {
      says: `The repository of ${tag} was made anew by another task: builds use it now.`,
      isFine: true,
    };
  const then = task.isOver ? '' : ` Builds see the change when it is done: \`koji watch-task ${task.id}\`.`;
  return {
    says: `Task ${task.id} was to make the repository of ${tag} anew: it ${task.state}.${then}`,
    isFine: false,
  };
}

interface TagLook {
  readonly tag: string;
  readonly key: string;
  readonly kind: 'ready' | 'goes-on' | 'lost';
  readonly says: string;
}

async function lookAtTag(
  {
    tag,
    key,
    at,
    task,
  }: { readonly tag: string; readonly key: string; readonly at: Date; readonly task: RepoTask | undefined },
  view: View,
): Promise<TagLook> {
  const so = (kind: TagLook['kind'], says: string): TagLook => ({ tag, key, kind, says: `${tag}: ${says}` });
  if (task?.isOver && task.isGood) return so('ready', `task ${task.id} ${task.state}`);
  // By the hub's own clock where that is known.
  const since = task?.at ?? new Date(at.getTime() + SURELY_MS);
  if (await isNewer(tag, since, view)) return so('ready', 'a newer one, of another task, is ready');
  if (!task) return so('goes-on', 'the hub shows no task for it');
  if (task.isOver) return so('lost', `task ${task.id} ${task.state}${await whyText(task, view)}`);
  const from = task.since ? ` since ${task.since.toISOString().slice(11, 16)} UTC` : '';
  return so('goes-on', `task ${task.id} ${task.state}${from}`);
}

const repoRead = z.object({ create_ts: z.number() }).nullable();

/** Is a repository of this tag ready that has all that the tag had at this time? */
async function isNewer(tag: string, since: Date, view: View): Promise<boolean> {
  const repo = repoRead.parse(await view.hub.read({ method: 'getRepo', args: [tag] }, view.signal));
  return repo !== null && repo.create_ts * 1000 >= since.getTime();
}

const faultRead = z.object({ faultString: z.string() });

/** Why a task failed, in the hub's words; nothing where it does not say. */
async function whyText({ id, isCancelled }: RepoTask, view: View): Promise<string> {
  if (isCancelled) return '';
  const call = { method: 'getTaskResult', args: [id], kwargs: { raise_fault: false } };
  const result = await view.hub.read(call, view.signal).catch((error: unknown) => {
    if (error instanceof Refused) return null;
    throw error;
  });
  const read = faultRead.safeParse(result);
  // The last line of a traceback is what it comes to.
  const last = read.success ? plainText(read.data.faultString.trim().split('\n').at(-1) ?? '') : '';
  const short = last.slice(0, LONGEST_WHY).toWellFormed().replaceAll('`', "'").replace(/[.]$/, '');
  return short === '' ? '' : ` (the hub says: ${short})`;
}

function tagOf({ effect }: Step): string | null {
  return effect.kind === 'hub' && effect.method === 'newRepo' ? String(effect.args[0]) : null;
}

/** The newest task for this tag since the call was meant. */
function taskSince(
  tag: string,
  at: Date,
  tasks: readonly RepoTask[],
  apartMs = APART_MS,
): RepoTask | undefined {
  const since = at.getTime() - apartMs;
  return tasks.find((task) => task.tag === tag && task.at.getTime() >= since);
}

/**
 * The task of a call that was made. Later ones are other requests': how they end says nothing of ours. An older one is
 * ours only where the call surely came to the hub, so that it must be the clocks.
 */
function ownTask(
  tag: string,
  { at, isSure = false }: Intent,
  tasks: readonly RepoTask[],
): RepoTask | undefined {
  const near = tasks.filter(
    (task) => task.tag === tag && Math.abs(task.at.getTime() - at.getTime()) <= APART_MS,
  );
  const after = tasks.filter((task) => task.tag === tag && task.at.getTime() > at.getTime());
  return near[0] ?? after.at(-1) ?? (isSure ? taskSince(tag, at, tasks, FAR_APART_MS) : undefined);
}
