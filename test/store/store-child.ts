import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/store.ts';
import { quietLog } from '../support/process.ts';

// Writes until it is killed, and says what was acknowledged.
const database = await openDatabase({ dir: process.env.TEST_DIR, log: quietLog() });
const store = createStore(database);
process.stdout.write('open\n');
for (let n = 0; ; n++) {
  const id = `${process.pid}-${n}`;
  await Promise.all([
    store.inbox.put({ id, source: 'kill', body: { n } }).then(() => process.stdout.write(`put ${id}\n`)),
    store.ledger.note('kill', { id, name: '' }, { n }).then(() => process.stdout.write(`note ${id}\n`)),
  ]);
}
