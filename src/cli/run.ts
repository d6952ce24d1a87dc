import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf } from '../core/message-of.ts';
import { nearest } from '../core/near.ts';
import { Refused, Unavailable } from '../core/refused.ts';
import { ask } from './ask.ts';
import { exportAudit, verifyAudit } from './audit.ts';
import { complain, EXIT, type Io, Usage, WrongConfig } from './io.ts';
import { issueToken, listTokens, revokeToken } from './tokens.ts';
import { version } from './version.ts';

const CONFIG = 'config/steward.yaml';

const HELP = `steward: the assistant of the people who run a Koji build system

Ask, from anywhere (STEWARD_URL or ~/.config/steward/server, STEWARD_TOKEN or ~/.config/steward/token):
  steward ask <line…>              say a line: builder capacity builder2 8, approve r42, show r42, help …
      --json  --no-follow  --here r42          (options stand before the line)

On the server:
  steward serve                    run it            [--role web|worker|all] [--config ${CONFIG}]
  steward doctor                   look at everything that can be wrong   [--role …] [--json]
  steward config check             is the config right?                   [--role …] [--json]
  steward token issue <person>     make a personal token for a terminal   [--label laptop]
  steward token list               [--json]
  steward token revoke <token>
  steward audit verify             is the record whole?                   [--head <hash of before>]
  steward audit export             every row as JSON, one a line          [--after <n>]
  steward host bundle              what every host gets                   [--out steward-bundle]
  Each of them takes --config.

Exit codes: 0 done, 1 refused or failed, 2 not understood, 3 waits for approval, 4 server away or not allowed.
`;

type Sub = (args: readonly string[], io: Io) => Promise<number>;

const SUBS: Readonly<Record<string, Sub>> = {
  ask: asking,
  say: asking,
  serve: async (args) => {
    const { values } = read(args, { role: { type: 'string' }, config: { type: 'string' } });
    const { serve } = await import('../main.ts');
    await serve({ configPath: text(values.config, CONFIG), role: roleOf(values.role) });
    return Number(process.exitCode ?? 0);
  },
  doctor: async (args, io) => {
    const { values } = read(args, { ...ANYWHERE, role: { type: 'string' }, json: { type: 'boolean' } });
    return (await import('./server.ts')).runDoctor(
      text(values.config, CONFIG),
      roleOf(values.role),
      values.json === true,
      io,
    );
  },
  'config check': async (args, io) => {
    const { values } = read(args, { ...ANYWHERE, role: { type: 'string' }, json: { type: 'boolean' } });
    return (await import('./server.ts')).checkConfig(
      text(values.config, CONFIG),
      roleOf(values.role),
      values.json === true,
      io,
    );
  },
  'token issue': async (args, io) => {
    const { values, positionals } = read(args, { ...ANYWHERE, label: { type: 'string' } }, 1);
    const [person = ''] = positionals;
    if (person === '') throw new Usage('For whom? steward token issue <person>');
    return onStore(text(values.config, CONFIG), io, (store, config) => {
      const known = config.people.map((one) => one.id);
      return issueToken(store, { person, label: text(values.label, ''), known }, io);
    });
  },
  'token list': async (args, io) => {
    const { values } = read(args, { ...ANYWHERE, json: { type: 'boolean' } });
    return onStore(text(values.config, CONFIG), io, (store) => listTokens(store, values.json === true, io));
  },
  'token revoke': async (args, io) => {
    const { values, positionals } = read(args, ANYWHERE, 1);
    const [id = ''] = positionals;
    if (id === '') throw new Usage('Which? steward token revoke <token>, as `steward token list` shows it.');
    return onStore(text(values.config, CONFIG), io, (store) => revokeToken(store, id, io));
  },
  'audit verify': async (args, io) => {
    const { values } = read(args, { ...ANYWHERE, head: { type: 'string' } });
    const head = typeof values.head === 'string' ? values.head : undefined;
    if (head !== undefined && !/^[0-9a-f]{64}$/i.test(head))
      throw new Usage('A head is 64 hexadecimal digits.');
    return onStore(text(values.config, CONFIG), io, ({ ledger }) => verifyAudit(ledger, head, io));
  },
  'audit export': async (args, io) => {
    const { values } = read(args, { ...ANYWHERE, after: { type: 'string' } });
    const after = text(values.after, '0');
    if (!/^\d{1,15}$/.test(after)) throw new Usage('--after takes the number of a row.');
    return onStore(text(values.config, CONFIG), io, ({ ledger }) => exportAudit(ledger, Number(after), io));
  },
  'host bundle': async (args, io) => {
    const { values } = read(args, { ...ANYWHERE, out: { type: 'string' } });
    return (await import('./server.ts')).writeBundle(
      text(values.config, CONFIG),
      text(values.out, 'steward-bundle'),
      io,
    );
  },
};

// The server's half is loaded by who needs it: it takes three times as long as asking.
const onStore: typeof import('./site.ts').onStore = async (path, io, work) =>
  (await import('./site.ts')).onStore(path, io, work);

const ANYWHERE = { config: { type: 'string' } } as const;

/** Carries out one call of `steward`, and gives its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const [first = '', second = ''] = argv;
    if (first === '--version' || first === '-V') {
      await io.out(`${version()}\n`);
      return EXIT.done;
    }
    const help = argv.length === 0 || ['help', '--help', '-h'].includes(first);
    // Behind `ask` the word may belong to the line.
    if (help || (first !== 'ask' && first !== 'say' && argv.includes('--help'))) {
      await io.out(HELP);
      return argv.length === 0 ? EXIT.usage : EXIT.done;
    }
    const two = SUBS[`${first} ${second}`];
    if (two) return await two(argv.slice(2), io);
    const one = SUBS[first];
    if (one) return await one(argv.slice(1), io);
    throw new Usage(unknown(first, second));
  } catch (error) {
    return complainOf(error, io);
  }
}

async function asking(args: readonly string[], io: Io): Promise<number> {
  let json = false;
  let follow = true;
  let here: string | undefined;
  let at = 0;
  for (; args[at]?.startsWith('-'); at++) {
    const option = args[at];
    if (option === '--json') json = true;
    else if (option === '--no-follow') follow = false;
    else if (option === '--here') here = args[++at];
    else if (option === '--help' || option === '-h') return run(['--help'], io);
    else if (option === '--') {
      at++;
      break;
    } else throw new Usage(`I do not know the option ${option}. There are --json, --no-follow and --here.`);
  }
  if (here !== undefined && !/^r\d+$/.test(here)) throw new Usage('--here takes a request, like r42.');
  const line = args.slice(at);
  const late =
    args[at - 1] === '--' ? undefined : line.find((word) => word === '--json' || word === '--no-follow');
  if (late) throw new Usage(`Options stand before the line: steward ask ${late} ${line[0]} …`);
  return ask(line, { json, follow, here }, io);
}

function read(args: readonly string[], options: NonNullable<ParseArgsConfig['options']>, most = 0) {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const extra = parsed.positionals[most];
    if (extra !== undefined) throw new Usage(`I do not know what “${extra}” is for here.`);
    return parsed;
  } catch (error) {
    if (error instanceof Usage) throw error;
    const wrong = /Unknown option '([^']+)'/.exec(error instanceof Error ? error.message : '')?.[1];
    if (wrong === undefined) throw new Usage(error instanceof Error ? error.message : 'not understood');
    const known = Object.keys(options).map((name) => `--${name}`);
    const meant = nearest(wrong, known);
    throw new Usage(
      `I do not know the option ${wrong}.${meant ? ` Did you mean ${meant}?` : ''} There are: ${known.join(', ')}.`,
    );
  }
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

function roleOf(value: unknown): 'web' | 'worker' | 'all' {
  const role = text(value, 'all');
  if (role === 'web' || role === 'worker' || role === 'all') return role;
  throw new Usage('--role is web, worker or all.');
}

function unknown(first: string, second: string): string {
  const names = Object.keys(SUBS);
  const family = names.filter((name) => name.startsWith(`${first} `));
  if (family.length > 0) return `Which of these? ${family.map((name) => `steward ${name}`).join(', ')}`;
  const meant =
    nearest(`${first} ${second}`.trim(), names) ??
    nearest(
      first,
      names.map((name) => name.split(' ')[0] ?? name),
    );
  const asked = `To ask for something: steward ask ${first} ${second}`.trim();
  return `I do not know “${first}”.${meant ? ` Did you mean steward ${meant}?` : ` ${asked}`}`;
}

function complainOf(error: unknown, io: Io): number {
  if (io.signal.aborted) return EXIT.interrupted;
  if (error instanceof Usage) {
    complain(io, error.message, 'See steward --help.');
    return EXIT.usage;
  }
  if (error instanceof WrongConfig) {
    io.err(`${error.message}\n`);
    return EXIT.usage;
  }
  if (error instanceof Refused) {
    complain(io, error.message, error.next);
    return EXIT.no;
  }
  if (error instanceof Unavailable) {
    complain(io, error.message);
    return EXIT.away;
  }
  // Whoever sits at the server reads the log anyway: the plain message says more than a reference.
  complain(io, messageOf(error));
  return EXIT.no;
}
