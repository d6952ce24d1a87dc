import { openQueue } from '../../jobs/queue.ts';
import { openDatabase } from '../../src/store/database.ts';
import { quietLog } from '../support/process.ts';

// A worker to be killed: takes a hint, says so, and never ends.
const log = quietLog();
const database = await openDatabase({ url: process.env.TEST_DATABASE_URL, dir: process.env.TEST_DIR, log });
const queue = await openQueue({ redisUrl: process.env.TEST_REDIS_URL, database, log });
if (process.env.TEST_SEND !== undefined) {
  await queue.hints.send({ kind: 'run', request: process.env.TEST_SEND, round: 1 });
}
await queue.work(
  'run',
  ({ request }) => {
    process.stdout.write(`has ${request}\n`);
    return new Promise(() => undefined);
  },
  { concurrency: 1 },
);
