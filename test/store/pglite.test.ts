import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { lockDirectory } from '../../src/store/directory-lock.ts';
import { createStore } from '../../src/store/store.ts';
import { quietLog, stopped, until } from '../support/process.ts';

const top = mkdtempSync(join(tmpdir(), 'steward-pglite-'));
const dir = join(top, 'data');
const children: ChildProcess[] = [];
let database: Database | undefined;

afterEach(async () => {
  await database?.close();
  database = undefined;
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await stopped(child);
  }
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

function startChild(): { child: ChildProcess; said(): string } {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./store-child.ts', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TEST_DIR: dir },
    },
  );
  children.push(child);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
  });
  return { child, said: () => said };
}

async function open(): Promise<Database> {
  database = await openDatabase({ dir, log: quietLog() });
  return database;
}

it('keeps everything that was acknowledged before a process was killed while writing', async () => {
  const { child, said } = startChild();
  await until(() => said().split('\n').length > 60, 25_000);
  await expect(openDatabase({ dir, log: quietLog() })).rejects.toThrow(`in use by process ${child.pid}`);
  child.kill('SIGKILL');
  await stopped(child);
  const acknowledged = said().split('\n').slice(1, -1);
  const store = createStore(await open());
  const inbox = new Set((await store.inbox.pending('kill', 0, 100_000)).map(({ id }) => `put ${id}`));
  const rows = await store.ledger.rows(0, 100_000);
  const notes = new Set(rows.map(({ row }) => `note ${(row as { by: { id: string } }).by.id}`));
  expect(acknowledged.filter((line) => !inbox.has(line) && !notes.has(line))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(50);
  expect(await store.ledger.verify()).toMatchObject({ ok: true });
}, 60_000);

it('refuses a second opening in this process too, until it is closed', async () => {
  const first = await open();
  await expect(openDatabase({ dir, log: quietLog() })).rejects.toThrow(`in use by process ${process.pid}`);
  await first.close();
  database = undefined;
  await open();
});

it('gives the directory to one of many that ask at once for what a dead process left', async () => {
  const left = join(top, 'left', 'x'.repeat(120));
  await new Promise((resolve) => {
    const script = `
      const fs = require('node:fs');
      fs.mkdirSync(${JSON.stringify(left)}, { recursive: true });
      const fd = fs.openSync(${JSON.stringify(left)}, 'r');
      require('node:net').createServer().listen('/proc/self/fd/' + fd + '/steward.sock', () => process.kill(process.pid, 'SIGKILL'));`;
    spawn(process.execPath, ['-e', script]).once('exit', resolve);
  });
  const answers = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(left)));
  const held = answers.filter((answer) => answer.status === 'fulfilled');
  expect(held).toHaveLength(1);
  await held[0]?.value.release();
  await (await lockDirectory(left)).release();
});

it('says where two processes could share a database', async () => {
  await open();
  await expect(openDatabase({ dir, log: quietLog() })).rejects.toThrow('DATABASE_URL');
});
