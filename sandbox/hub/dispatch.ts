import { decodeCall } from '../../src/koji/decode.ts';
import { bind, type Context, Fault, isStruct, type Method, type Methods, type Version } from './method.ts';
import { hostMethods } from './methods/hosts.ts';
import { echo, miscMethods } from './methods/misc.ts';
import { turnNewRepos } from './methods/new-repos.ts';
import { repoMethods } from './methods/repos.ts';
import { sessionMethods } from './methods/session.ts';
import { tagMethods } from './methods/tags.ts';
import { taskMethods } from './methods/tasks.ts';
import { userMethods } from './methods/users.ts';
import { type Carried, type Credentials, carried, checkCallnum, type Rules } from './sessions.ts';
import { encodeAnswer, encodeFault, type Wire } from './wire.ts';
import type { World } from './world.ts';

// A family is a file; a new one is added here.
const METHODS: Methods = {
  ...sessionMethods,
  ...hostMethods,
  ...userMethods,
  ...tagMethods,
  ...repoMethods,
  ...taskMethods,
  ...miscMethods,
};

/** One POST, as the web server hands it to the hub. */
export interface Post extends Omit<Credentials, 'renews'> {
  readonly body: string;
  /** Common name of the client certificate, null without one; undefined anywhere but at the login's path. */
  readonly certificate: string | null | undefined;
}

export interface DispatchOptions extends Rules {
  readonly world: World;
  readonly createsUsers: boolean;
  /** Called after each request that left a trace, before it is answered. */
  readonly save: () => void;
  /** What a request costs, in milliseconds. */
  readonly costMs?: (method: string, calls: number) => number;
}

/** What goes back: with status 200, but for a request that 1.35 cannot read. */
export interface Answered {
  readonly status: number;
  readonly body: string;
  /** Called by name, when it could be read. */
  readonly method: string;
}

/** How many calls a body holds. */
export function callsIn(body: string): number {
  return methodOf(body) === 'multiCall' ? body.split('<name>methodName</name>').length - 1 : 1;
}

/** The name of the method of a body that may be anything. */
export function methodOf(body: string): string {
  return /<methodName>\s*([^<\s]*)/.exec(body)?.[1] ?? '';
}

/** Carries out one request as a whole, as one transaction of the database does. */
export function dispatch(options: DispatchOptions, post: Post): Answered {
  const { version } = options;
  let call: ReturnType<typeof decodeCall>;
  try {
    call = decodeCall(post.body, { keepNaN: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    if (version === '1.35') return { status: 400, body: `Invalid request: ${why}\n`, method: '' };
    return {
      status: 200,
      body: encodeFault(1, `<class 'xml.parsers.expat.ExpatError'>: ${why}`),
      method: '',
    };
  }
  const { method } = call;
  try {
    return { status: 200, body: encodeAnswer(perform(options, post, method, call.params)), method };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { status: 200, body: encodeFault(error.code, error.message), method };
  }
}

function perform(options: DispatchOptions, post: Post, method: string, params: readonly unknown[]): Wire {
  const now = Date.now() / 1000;
  turnNewRepos(options.world, options.version, now);
  const last = params.at(-1);
  const renews = method === 'sslLogin' && isStruct(last) && last.renew === true;
  const who = carried(options.world, options, { ...post, renews }, now);
  if (who !== null) checkCallnum(who, method);
  const { value, wrote } =
    method === 'multiCall'
      ? many(options, post, who, params, now)
      : one(options, post, who, method, params, now);
  // A multiCall sets savepoints, which counts as writing even when it only read.
  const leavesTrace = wrote || method === 'multiCall';
  if (leavesTrace && who !== null && who.callnum !== null) who.session.callnum = who.callnum;
  if (leavesTrace || method === 'sslLogin' || method === 'logout') options.save();
  return value;
}

interface Done {
  readonly value: Wire;
  readonly wrote: boolean;
}

function many(
  options: DispatchOptions,
  post: Post,
  who: Carried | null,
  params: readonly unknown[],
  now: number,
): Done {
  const [calls] = params;
  if (!Array.isArray(calls)) throw new Fault(1, "<class 'TypeError'>: 'NoneType' object is not iterable");
  let wrote = false;
  const value = calls.map((item): Wire => {
    const { methodName, params: inner } = isStruct(item) ? item : {};
    try {
      const name = String(methodName);
      const done = one(options, post, who, name, Array.isArray(inner) ? inner : [], now);
      wrote ||= done.wrote;
      return [done.value];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const traceback = [
        'Traceback (most recent call last):\n',
        `  File "kojihub.py", line 1, in ${methodName}\n`,
      ];
      return { faultCode: error.code, faultString: error.message, traceback };
    }
  });
  return { value, wrote };
}

function one(
  options: DispatchOptions,
  post: Post,
  who: Carried | null,
  name: string,
  params: readonly unknown[],
  now: number,
): Done {
  if (name === 'echo') return { value: params.map(echo), wrote: false };
  const method: Method | undefined = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (method === undefined) throw new Fault(1000, `Invalid method: ${name}`);
  const args = bind(name, method, params);
  let wrote = false;
  const context: Context = {
    world: options.world,
    version: options.version,
    createsUsers: options.createsUsers,
    user: who?.user ?? null,
    session: who?.session ?? null,
    ip: post.ip,
    certificate: post.certificate,
    now,
    changed: () => {
      wrote = true;
    },
    need: (permission) => need(options.version, who, permission),
  };
  const value = method.run(context, args);
  if (method.writes === true) {
    const user = who?.user.name ?? '';
    const at = new Date(now * 1000).toISOString();
    options.world.changes.push({ method: name, args: params, user, at, changed: wrote });
  }
  return { value, wrote };
}

function need(version: Version, who: Carried | null, permission: string) {
  const has = who?.user.permissions ?? [];
  // `repo` is enough for what newer hubs call `regen-repo`.
  const enough =
    has.includes(permission) ||
    has.includes('admin') ||
    (permission === 'regen-repo' && has.includes('repo'));
  if (who !== null && enough) return who.user;
  const whom = who === null ? 'user not logged in' : `logged in as ${who.user.name}`;
  throw new Fault(1004, `${permission} permission required${version === '1.20' ? '' : ` (${whom})`}`);
}
