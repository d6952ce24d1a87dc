import { z } from 'zod';
import { type Hold, startLife } from './life.ts';
import type { Asking, Point, Setup, Told } from './points.ts';

// One life of a worker process. It takes every request to the boundary where it is to stop; when all are there, it
// kills itself without a word to anybody. Where nothing is to stop, it sees all of them to their ends.

const setup = z.custom<Setup>((value) => typeof value === 'object').parse(JSON.parse(process.env.TEST_SETUP ?? ''));
const at = new Map(setup.askings.map((asking) => [asking.key, asking.at]));
const points: Record<string, string> = {};
const statuses: Record<string, string> = {};
let enough = (): void => undefined;

const hold: Hold = {
  isAt: (key: string, point: Point) => at.get(key) === point,
  reached: (key, point) => {
    if (at.get(key) !== point) return Promise.resolve();
    points[key] = point;
    enough();
    return new Promise(() => undefined);
  },
};

const tell = (told: Told): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(told, undefined, {}, () => resolve());
  });
process.on('disconnect', () => process.exit(3));

const life = await startLife(setup, hold);

async function see(askings: readonly Asking[]): Promise<void> {
  const settled = new Promise<void>((resolve) => {
    enough = () => {
      if (askings.every(({ key }) => points[key] ?? statuses[key])) resolve();
    };
  });
  enough();
  for (const asking of askings) {
    life.see(asking).then(
      (status) => {
        statuses[asking.key] = status;
        enough();
      },
      (error: unknown) => tell({ kind: 'wrong', says: String(error instanceof Error ? error.stack : error) }),
    );
  }
  await settled;
}

// What holds the hub's one session comes last: everybody else's call would wait behind it.
const isLast = ({ key, at: point }: Asking): boolean => key.startsWith('capacity') && point === 'in call';
await see(setup.askings.filter((asking) => !isLast(asking)));
const last = setup.askings.filter(isLast);
if (last.length > 0) {
  const slow = new Promise((resolve) => process.once('message', resolve));
  await tell({ kind: 'in-call-next' });
  await slow;
  await see(last);
}
if (Object.keys(points).length > 0) {
  await tell({ kind: 'at-the-points', points });
  process.kill(process.pid, 'SIGKILL');
}
const chain = await life.store.ledger.verify();
if (!chain.ok) await tell({ kind: 'wrong', says: `the record is not whole: ${chain.says}` });
const wrong = life.log.lines.filter((line) => line.startsWith('error'));
if (wrong.length > 0) await tell({ kind: 'wrong', says: wrong.join('\n') });
await tell({ kind: 'ended', statuses });
await life.stop();
process.exit(0);
