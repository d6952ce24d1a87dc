import { type Context, dateText, Fault, find, isStruct, type Methods, nextId } from '../method.ts';
import { double, type Wire } from '../wire.ts';
import type { Task } from '../world.ts';
import { existingTag } from './tags.ts';

const FREE = 0;
const CANCELED = 3;
const ENDED = [2, 3, 5];

/** Tasks: the work that builders take. */
export const taskMethods: Methods = {
  getTaskInfo: {
    signature: 'task_id, request?, strict?',
    run: (context, { task_id: id, request, strict }) => {
      const task = context.world.tasks.find((row) => row.id === id);
      if (task !== undefined) {
        return request === true
          ? { ...taskWire(context, task), request: [task.request] }
          : taskWire(context, task);
      }
      if (strict === true) throw new Fault(1000, 'query returned no rows');
      return null;
    },
  },
  getTaskResult: {
    signature: 'taskId, raise_fault?',
    run: (context, { taskId: id, raise_fault: raises }) => {
      const task = existing(context, id);
      if (!ENDED.includes(task.state)) throw new Fault(1000, `Task ${task.id} is not finished`);
      if (task.state === CANCELED) throw new Fault(1000, `Task ${task.id} is canceled`);
      const { fault } = task;
      if (fault && raises === false) return { faultCode: fault.code, faultString: fault.text };
      if (fault) throw new Fault(fault.code, fault.text);
      return null;
    },
  },
  getTaskChildren: { signature: 'task_id, request?, strict?', run: () => [] },
  listTasks: {
    signature: 'opts?, queryOpts?',
    run: (context, { opts, queryOpts }) => {
      const wanted = isStruct(opts) ? opts : {};
      const query = isStruct(queryOpts) ? queryOpts : {};
      const { state, host_id: hostId, method, owner } = wanted;
      const found = context.world.tasks
        .filter((task) => !Array.isArray(state) || state.includes(task.state))
        .filter((task) => typeof hostId !== 'number' || task.hostId === hostId)
        .filter((task) => typeof method !== 'string' || task.method === method)
        .filter((task) => typeof owner !== 'number' || task.owner === owner);
      if (query.countOnly === true) return found.length;
      const ordered = query.order === '-id' ? found.toSorted((a, b) => b.id - a.id) : found;
      const limited = typeof query.limit === 'number' ? ordered.slice(0, query.limit) : ordered;
      return limited.map((task) => ({
        ...taskWire(context, task),
        owner_name: find(context.world.users, task.owner)?.name ?? null,
        owner_type: 0,
        request: [task.request],
        result: null,
      }));
    },
  },
  newRepo: {
    signature: 'tag, event?, src?, debuginfo?, separate_src?',
    writes: true,
    run: (context, { tag }) => {
      const { world, version, now } = context;
      const user = context.need(version === '1.20' ? 'repo' : 'regen-repo');
      // 1.20 makes the task and lets it fail. Neither looks whether such a task is there already.
      const request = version === '1.20' ? String(tag) : existingTag(context, tag).name;
      const task: Task = {
        id: nextId(world),
        method: 'newRepo',
        arch: 'noarch',
        owner: user.id,
        channelId: 2,
        hostId: null,
        state: FREE,
        createTs: now,
        startTs: null,
        completionTs: null,
        request,
      };
      world.tasks.push(task);
      context.changed();
      return task.id;
    },
  },
  cancelTask: {
    signature: 'task_id, recurse?',
    writes: true,
    run: (context, { task_id: id }) => {
      if (context.user === null) throw new Fault(1004, 'Cannot cancel task, not owner');
      const task = existing(context, id);
      if (task.owner !== context.user.id && !context.user.permissions.includes('admin')) {
        throw new Fault(1004, 'Cannot cancel task, not owner');
      }
      if (ENDED.includes(task.state)) return null;
      task.state = CANCELED;
      task.completionTs = context.now;
      context.changed();
      return null;
    },
  },
  freeTask: {
    signature: 'task_id',
    writes: true,
    run: (context, { task_id: id }) => {
      context.need('admin');
      const task = existing(context, id);
      if (task.state === FREE) {
        // A bug of hubs since 1.31: they take the state 0 for no task at all.
        if (context.version === '1.35') throw new Fault(1000, `No such task: ${task.id}`);
        return null;
      }
      if (ENDED.includes(task.state)) throw new Fault(1000, `Cannot free task ${task.id}, state is CANCELED`);
      task.state = FREE;
      task.hostId = null;
      context.changed();
      return null;
    },
  },
};

function existing({ world }: Context, id: unknown): Task {
  const task = world.tasks.find((row) => row.id === id);
  if (task === undefined) throw new Fault(1000, `No such task: ${id}`);
  return task;
}

function taskWire({ version }: Context, task: Task): Record<string, Wire> {
  const time = (seconds: number | null) => (seconds === null ? null : double(seconds));
  return {
    arch: task.arch,
    awaited: null,
    channel_id: task.channelId,
    completion_time: dateText(task.completionTs, version),
    completion_ts: time(task.completionTs),
    create_time: dateText(task.createTs, version),
    create_ts: time(task.createTs),
    host_id: task.hostId,
    id: task.id,
    label: null,
    method: task.method,
    owner: task.owner,
    parent: null,
    priority: 15,
    start_time: dateText(task.startTs, version),
    start_ts: time(task.startTs),
    state: task.state,
    waiting: null,
    weight: double(1),
  };
}
