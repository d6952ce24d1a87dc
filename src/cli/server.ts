import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { problemLines } from '../../config/problems.ts';
import { examine } from '../doctor.ts';
import { makeBundle } from '../hosts/bundle.ts';
import { findRootScripts } from '../hosts/root-scripts.ts';
import { writeTar } from '../hosts/tar.ts';
import { EXIT, type Io } from './io.ts';
import { COMMANDS, logTo, readSite } from './site.ts';
import { paint, tableText } from './text.ts';

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
