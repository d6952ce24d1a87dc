import { parseArgs } from 'node:util';
import { acknowledge } from './acknowledge.ts';
import { capacity } from './capacity.ts';
import { certificates } from './certificates.ts';
import { exitCodeOf, type Line, lineOf, tableOf } from './figures.ts';
import { forum } from './forum.ts';
import { forumRequest } from './forum-request.ts';
import { job } from './job.ts';
import { nfs } from './nfs.ts';
import { repoPlan } from './repo-plan.ts';
import { roundTrip } from './round-trip.ts';
import { choose, runAll } from './run.ts';
import { sixHours } from './six-hours.ts';
import { start } from './start.ts';

const HELP = `npm run bench                what Steward is fast enough at, and what not
  -- --json                  one object a line
  -- --only NAME             only the benchmarks whose name begins so; may be given again
  -- --list                  their names`;

/** The whole takes less than this; a benchmark that hangs must not hang the one who waits for it. */
const DEADLINE_MS = 8 * 60_000;

const ALL = [
  ...acknowledge,
  ...nfs,
  ...job,
  ...sixHours,
  ...capacity,
  ...roundTrip,
  ...forum,
  ...forumRequest,
  ...certificates,
  ...repoPlan,
  ...start,
];

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const note = (text: string): void => void process.stderr.write(`${text}\n`);

if (values.help) print(HELP);
else if (values.list) for (const { name, what } of ALL) print(`${name.padEnd(20)} ${what}`);
else process.exit(await main());

async function main(): Promise<number> {
  const chosen = choose(ALL, values.only);
  if (chosen.kind === 'unknown') {
    note(`There is no benchmark ${chosen.name}. There are: ${ALL.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const stopped = new AbortController();
  const late = setTimeout(() => stopped.abort(new Error('the time is over')), DEADLINE_MS);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopped.abort(new Error(`ended by ${signal}`)));
  const lines: Line[] = [];
  const ran = await runAll(chosen.benchmarks, {
    signal: stopped.signal,
    say: note,
    seen: (one) => {
      const line = lineOf(one);
      lines.push(line);
      if (values.json) print(JSON.stringify(line));
    },
  });
  clearTimeout(late);
  if (!values.json) print(`\n${tableOf(lines)}`);
  return exitCodeOf(lines, ran.broken);
}
