import { find, nextId, type Version } from '../method.ts';
import type { Task, World } from '../world.ts';

const FREE = 0;
const OPEN = 1;
const CLOSED = 2;
const FAILED = 5;

/** Lets the tasks newRepo go on as builders would, up to now: taken, run, ended. */
export function turnNewRepos(world: World, version: Version, now: number): void {
  for (const task of world.tasks) {
    if (task.method !== 'newRepo') continue;
    if (task.state === FREE) open(task, world, now);
    if (task.state === OPEN) end(task, world, version, now);
  }
}

/** Only an enabled builder of its channel takes a task. */
function open(task: Task, { hosts, newRepos }: World, now: number): void {
  const at = task.createTs + newRepos.openAfter;
  const host = hosts.find(({ enabled, channels }) => enabled && channels.includes(task.channelId));
  if (now < at || host === undefined || newRepos.fates[task.request] === 'free') return;
  task.state = OPEN;
  task.startTs = at;
  task.hostId = host.id;
}

function end(task: Task, world: World, version: Version, now: number): void {
  const at = task.createTs + world.newRepos.endAfter;
  const fate = world.newRepos.fates[task.request];
  if (now < at || fate === 'open') return;
  const tag = find(world.tags, task.request);
  task.completionTs = at;
  if (tag === undefined || fate === 'failed') {
    const noTag = `${version === '1.20' ? 'Invalid' : 'No such'} tagInfo: '${task.request}'`;
    task.state = FAILED;
    task.fault = { code: 1000, text: tag ? 'createrepo for x86_64 ended with exit code 1' : noTag };
    return;
  }
  task.state = CLOSED;
  // Its event is of when a builder began with it.
  world.repos.push({ id: nextId(world), tagId: tag.id, createTs: task.startTs ?? task.createTs });
}
