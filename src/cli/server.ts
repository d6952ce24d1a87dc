import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { problemLines } from '../../config/problems.ts';
import { nearest } from '../core/near.ts';
import { Refused } from '../core/refused.ts';
import type { Store } from '../core/store.ts';
import { examine } from '../doctor.ts';
import { makeBundle } from '../hosts/bundle.ts';
import { findRootScripts } from '../hosts/root-scripts.ts';
import { writeTar } from '../hosts/tar.ts';
import { complain, EXIT, type Io } from './io.ts';
import { atConsole, COMMANDS, logTo, readSite, withStore } from './site.ts';
import { paint, tableText } from './text.ts';

/** `token issue`: the token on standard output and nothing else, so that it can be piped. */
export async function issueToken(path: string, person: string, label: string, io: Io): Promise<number> {
  const { config } = await readSite(path, 'doctor', io);
  const known = config.people.map((one) => one.id);
  if (!known.includes(person)) {
    const meant = nearest(person, known);
    throw new Refused(
      `The config knows nobody called ${person}.${meant ? ` Did you mean ${meant}?` : ''}`,
      'A token is for somebody in `people` of the config.',
    );
  }
  return withStore(config, io, async ({ tokens, ledger }) => {
    const { id, token } = await tokens.issue(person, label);
    try {
      await ledger.note('token-issued', atConsole(), { token: id, person, label });
    } catch (error) {
      // Nobody gets a token that the audit trail does not know.
      await tokens.revoke(id);
      throw error;
    }
    io.err(`Token ${id} of ${person}. It is shown this once: into ~/.config/steward/token, chmod 600.\n`);
    await io.out(`${token}\n`);
    return EXIT.done;
  });
}

/** `token list`. */
export async function listTokens(path: string, json: boolean, io: Io): Promise<number> {
  const { config } = await readSite(path, 'doctor', io);
  const listed = await withStore(config, io, ({ tokens }) => tokens.list());
  if (json) await io.out(`${JSON.stringify(listed)}\n`);
  else if (listed.length === 0) await io.out('There are no tokens.\n');
  else {
    const rows = listed.map(({ id, person, label, issued }) => [
      id,
      person,
      label,
      issued.toISOString().slice(0, 16).replace('T', ' '),
    ]);
    await io.out(`${tableText({ columns: ['Token', 'Person', 'Label', 'Issued (UTC)'], rows }, io.style)}\n`);
  }
  return EXIT.done;
}

/** `token revoke`. */
export async function revokeToken(path: string, id: string, io: Io): Promise<number> {
  const { config } = await readSite(path, 'doctor', io);
  return withStore(config, io, async ({ tokens, ledger }) => {
    if (!(await tokens.revoke(id)))
      throw new Refused(`There is no token ${id} that works.`, 'See `steward token list`.');
    await ledger.note('token-revoked', atConsole(), { token: id });
    await io.out(`${id} does not work any more.\n`);
    return EXIT.done;
  });
}

/** `audit verify`. With an earlier head: is that still part of the chain? */
export async function verifyAudit(path: string, earlier: string | undefined, io: Io): Promise<number> {
  const { config } = await readSite(path, 'doctor', io);
  return withStore(config, io, async ({ ledger }) => {
    const verified = await ledger.verify();
    if (!verified.ok) {
      complain(io, `The record is broken at row ${verified.row}: ${verified.says}.`);
      return EXIT.no;
    }
    if (earlier !== undefined && !(await holds(ledger, earlier))) {
      complain(
        io,
        `The chain is sound, but ${earlier} is not in it: rows were cut off or written anew since.`,
      );
      return EXIT.no;
    }
    await io.out(
      `${verified.rows} rows, each follows the one before.\nhead ${verified.head}\nKeep the head somewhere else: \`steward audit verify --head\` finds it again.\n`,
    );
    return EXIT.done;
  });
}

const PAGE = 500;

async function* rowsOf(ledger: Store['ledger'], after: number) {
  for (let last = after; ; ) {
    const rows = await ledger.rows(last, PAGE);
    yield* rows;
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.n;
  }
}

const hashed = z.looseObject({ hash: z.string() });

async function holds(ledger: Store['ledger'], hash: string): Promise<boolean> {
  // The chain was verified a moment ago, so each row's hash is what its words give.
  for await (const { row } of rowsOf(ledger, 0))
    if (hashed.parse(row).hash === hash.toLowerCase()) return true;
  return false;
}

/** `audit export`: one JSON object a line, oldest first. */
export async function exportAudit(path: string, after: number, io: Io): Promise<number> {
  const { config } = await readSite(path, 'doctor', io);
  return withStore(config, io, async ({ ledger }) => {
    for await (const { n, row } of rowsOf(ledger, after)) {
      io.signal.throwIfAborted();
      await io.out(`${JSON.stringify(typeof row === 'object' ? { n, ...row } : { n, row })}\n`);
    }
    return EXIT.done;
  });
}

/** `host bundle`: what every host gets, as files and as one archive. */
export async function writeBundle(path: string, out: string, io: Io): Promise<number> {
  const { config } = await readSite(path, 'doctor', io);
  const { scriptsDir, user } = config.given.hosts;
  const files = makeBundle(findRootScripts(COMMANDS), { scriptsDir, user });
  const dir = resolve(out);
  for (const file of files) {
    const target = join(dir, file.path);
    await mkdir(dirname(target), { recursive: true });
    // The file may be there from before, and read-only.
    await writeFile(`${target}.new`, file.text, { mode: file.mode });
    await rename(`${target}.new`, target);
  }
  await writeFile(`${dir}.tar`, writeTar('steward-bundle', files));
  await io.out(`${dir}\n${dir}.tar\n`);
  io.err(
    'Copy the archive to each host and read INSTALL in it. Then `steward doctor` says which host has it.\n',
  );
  return EXIT.done;
}

/** `config check`. */
export async function checkConfig(
  path: string,
  role: 'web' | 'worker' | 'all',
  json: boolean,
  io: Io,
): Promise<number> {
  const { config } = await readSite(path, role, io);
  if (json) await io.out(`${JSON.stringify({ ok: true, warnings: config.warnings })}\n`);
  else {
    for (const line of problemLines(path, config.warnings))
      io.err(`${paint('warning', 'warn', io.style)} ${line}\n`);
    await io.out(`${path} is right for the role ${role}.\n`);
  }
  return EXIT.done;
}

/** `doctor`: looks at everything, changes nothing; 1 where something is bad. */
export async function runDoctor(
  path: string,
  role: 'web' | 'worker' | 'all',
  json: boolean,
  io: Io,
): Promise<number> {
  const { config, registry } = await readSite(path, 'doctor', io);
  const rows = await examine(config, registry, {
    commands: COMMANDS,
    role,
    log: logTo(io),
    signal: io.signal,
  });
  const bad = rows.filter((row) => row.ok === 'bad').length;
  if (json) await io.out(`${JSON.stringify({ ok: bad === 0, rows })}\n`);
  else {
    const columns = ['', 'What', 'Check', 'Found', 'What to do'];
    const cells = rows.map(({ ok, area, check, says, todo }) => [ok, area, check, says, todo ?? '']);
    await io.out(`${tableText({ columns, rows: cells }, io.style)}\n`);
    const verdict = bad === 0 ? 'Nothing is in the way.' : `${bad} of ${rows.length} checks are bad.`;
    await io.out(`\n${paint(verdict, bad === 0 ? 'good' : 'bad', io.style)}\n`);
  }
  return bad === 0 ? EXIT.done : EXIT.no;
}
