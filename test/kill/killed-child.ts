import { z } from 'zod';
import type { Hold } from './holding.ts';
import { startLife } from './life.ts';
import type { Asking, Setup, Told } from './points.ts';

// One life of a worker process. It takes every request to the boundary where it is to stop. When all are there, it
// kills itself without a word to anybody; with TEST_PAUSE it waits to be told to go on instead. Where nothing is to
// stop, it sees all of them to their ends.

const setup = z
  .custom<Setup>((value) => typeof value === 'object')
  .parse(JSON.parse(process.env.TEST_SETUP ?? ''));
const at = new Map(setup.askings.map((asking) => [asking.key, asking.at]));
const points: Record<string, string> = {};
const statuses: Record<string, string> = {};
let moved = (): void => undefined;
let goOn = (): void => undefined;
const going = new Promise<void>((resolve) => {
  goOn = resolve;
});

let alone = '';
const hold: Hold = {
  alone: () => alone,
  isAt: (key, point) => at.get(key) === point,
  reached: (key, point) => {
    // What is at its point stays there: the sweep would take it further meanwhile.
    if (points[key]) return going;
    if (at.get(key) !== point) return Promise.resolve();
    points[key] = point;
    moved();
    return going;
  },
};

const tell = (told: Told): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(told, undefined, {}, () => resolve());
  });
const answered = (): Promise<void> => new Promise((resolve) => process.once('message', () => resolve()));
const begun = Date.now();
const soFar = setInterval(() => {
  const seconds = Math.round((Date.now() - begun) / 1000);
  void tell({ kind: 'so-far', text: `after ${seconds} s: ${JSON.stringify({ points, statuses })}` });
}, 2_000);
soFar.unref();
process.on('disconnect', () => process.exit(3));

const life = await startLife(setup, hold);

function begin(askings: readonly Asking[]): void {
  for (const asking of askings) {
    life.see(asking).then(
      (status) => {
        statuses[asking.key] = status;
        moved();
      },
      (error: unknown) => tell({ kind: 'wrong', says: String(error instanceof Error ? error.stack : error) }),
    );
  }
}

/** Waits until each of these is where it is to stop, or at its end. */
function settled(askings: readonly Asking[]): Promise<void> {
  return new Promise((resolve) => {
    moved = () => {
      if (askings.every(({ key }) => points[key] ?? statuses[key])) resolve();
    };
    moved();
  });
}

// What holds the hub's one session comes last: everybody else's call would wait behind it.
const isLast = ({ key, at: point }: Asking): boolean => key.startsWith('capacity') && point === 'in call';
const last = setup.askings.filter(isLast);
const others = setup.askings.filter((asking) => !isLast(asking));
for (const turn of setup.inTurn ? others.map((one) => [one]) : [others]) {
  alone = turn[0]?.key ?? '';
  begin(turn);
  await settled(turn);
}
if (last.length > 0) {
  const slow = answered();
  await tell({ kind: 'in-call-next' });
  await slow;
  begin(last);
  await settled(last);
}
if (Object.keys(points).length > 0) {
  const told = answered();
  await tell({ kind: 'at-the-points', points });
  if (process.env.TEST_PAUSE !== 'yes') process.kill(process.pid, 'SIGKILL');
  await told;
  at.clear();
  for (const key of Object.keys(points)) delete points[key];
  goOn();
  await settled(setup.askings);
}
const chain = await life.store.ledger.verify();
if (!chain.ok) await tell({ kind: 'wrong', says: `the record is not whole: ${chain.says}` });
const wrong = life.log.lines.filter((line) => line.startsWith('error'));
if (wrong.length > 0 && process.env.TEST_PAUSE !== 'yes')
  await tell({ kind: 'wrong', says: wrong.join('\n') });
await tell({ kind: 'ended', statuses });
await life.stop();
process.exit(0);
