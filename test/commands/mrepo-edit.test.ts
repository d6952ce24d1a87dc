import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addBlock,
  dnfRepoFile,
  type Edit,
  mrepoBlock,
  newFile,
  removeBlock,
} from '../../commands/repositories/block.ts';
import { pointsUpTo } from '../support/thorough.ts';

const entryAt = (url: string, name = 'os') => ({
  label: 'fedora41',
  arches: ['x86_64', 'i386'],
  repos: [{ name, url }],
});
const GOOD = entryAt('https://mirror.example.org/41/os/$arch/');
const BLOCK = mrepoBlock(GOOD);
const OLD = '[main]\nsrcdir = /x\n\n[el9]\nos = http://h/é/';

const base = mkdtempSync(join(tmpdir(), 'steward-mrepo-edit-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const etc = join(base, 'etc');
const file = join(etc, 'mrepo.conf');
// What the real one finds in /etc stands here; nothing else of it is changed.
const script = join(base, 'mrepo-edit.sh');
writeFileSync(
  script,
  readFileSync(new URL('../../commands/repositories/root/mrepo-edit.sh', import.meta.url), 'utf8').replaceAll(
    '/etc/steward/',
    `${etc}/steward/`,
  ),
);
// Kills the shell just before its n-th command, and counts them.
const killing = join(base, 'killing.sh');
writeFileSync(
  killing,
  `n=0\nset -T\ntrap 'n=$((n + 1)); echo $n >"$COUNT"; if [[ $n == "$AT" ]]; then kill -KILL $$; fi' DEBUG\n. "$SCRIPT"\n`,
);

beforeEach(() => {
  rmSync(etc, { recursive: true, force: true });
  for (const dir of ['steward', 'mrepo.conf.d', 'repos.d']) mkdirSync(join(etc, dir), { recursive: true });
  writeFileSync(
    join(etc, 'steward/mirror.conf'),
    `backend=mrepo\nconfig=${file}\nconfdir=${etc}/mrepo.conf.d\nrepos_dir=${etc}/repos.d\nwwwdir=/m\n`,
  );
  writeFileSync(file, OLD);
  chmodSync(file, 0o640);
});

const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const argsOf = (verb: string, place: string, { before, after, piece, at }: Edit): readonly string[] => {
  const own = (bytes: Buffer): string => (place !== 'config' && bytes.length === 0 ? '-' : sum(bytes));
  return [verb, place, 'fedora41', own(before), own(after), String(at), piece.toString('base64')];
};
const add = (): readonly string[] => argsOf('add', 'config', addBlock(readFileSync(file), BLOCK));
const remove = (): readonly string[] =>
  argsOf('remove', 'config', removeBlock(readFileSync(file), 'fedora41'));

function run(args: readonly string[], at = 0, limit = '') {
  const count = join(base, 'count');
  const program = at === 0 ? ['bash', script] : ['bash', killing];
  const ran = spawnSync('bash', ['-c', `${limit} exec "$@"`, 'x', ...program, ...args], {
    env: { PATH: process.env.PATH, SHLVL: '3', SCRIPT: script, COUNT: count, AT: String(at) },
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { code: ran.status, signal: ran.signal, says: ran.stderr.trim(), out: ran.stdout.trim(), count };
}
const copies = (): readonly string[] => readdirSync(etc).filter((name) => name.includes('.steward-'));

describe('the script that edits the mirror’s configuration', () => {
  it('adds an entry behind every byte that is there, keeps a copy and the mode, and takes it out again', () => {
    expect(run(add())).toMatchObject({ code: 0, out: `written: ${file}` });
    expect(readFileSync(file, 'utf8').startsWith(OLD)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(copies().map((name) => readFileSync(join(etc, name), 'utf8'))).toEqual([OLD]);
    expect(run(remove())).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toBe(OLD);
    expect(readdirSync(etc).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('does nothing the second time, and nothing where the file has changed since', () => {
    const args = add();
    expect(run(args).code).toBe(0);
    expect(run(args)).toMatchObject({ code: 0, out: `is so already: ${file}` });
    expect(copies()).toHaveLength(1);
    writeFileSync(file, `${OLD}\n# by hand\n`);
    expect(run(args)).toMatchObject({
      code: 1,
      says: `${file} has changed since this was planned, so it was left alone`,
    });
    expect(readFileSync(file, 'utf8')).toBe(`${OLD}\n# by hand\n`);
  });

  it('makes a file of its own in the confdir or for dnf, and takes it away', () => {
    for (const [place, path] of [
      ['confdir', 'mrepo.conf.d/fedora41.conf'],
      ['repos', 'repos.d/fedora41.repo'],
    ] as const) {
      const text = place === 'repos' ? dnfRepoFile(GOOD) : BLOCK;
      const edit = newFile(text);
      const args = argsOf('add', place, edit);
      expect(run(args).code).toBe(0);
      expect(readFileSync(join(etc, path), 'utf8')).toBe(text);
      expect(run(args)).toMatchObject({ code: 0, out: expect.stringContaining('already') });
      const away = { before: edit.after, after: edit.before, piece: edit.piece, at: 0 };
      writeFileSync(join(etc, path), `${text}# touched\n`);
      expect(run(argsOf('remove', place, away)).code).toBe(1);
      expect(run(args).code).toBe(1);
      writeFileSync(join(etc, path), text);
      expect(run(argsOf('remove', place, away)).code).toBe(0);
      expect(existsSync(join(etc, path))).toBe(false);
      expect(run(argsOf('remove', place, away))).toMatchObject({ code: 0 });
    }
    expect(readFileSync(file, 'utf8')).toBe(OLD);
  });

  it.each([
    ['another place in the file', (args: readonly string[]) => args.with(5, '3')],
    ['other bytes than those that were approved', (args: readonly string[]) => args.with(6, 'AAAA')],
    ['a label that leads elsewhere', (args: readonly string[]) => args.with(2, '../x')],
    ['no such place', (args: readonly string[]) => args.with(1, '/etc/passwd')],
    ['no such verb', (args: readonly string[]) => args.with(0, 'edit')],
    ['too few of them', (args: readonly string[]) => args.slice(0, 5)],
  ])('refuses arguments: %s', (_, change) => {
    expect(run(change(add())).code).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe(OLD);
    expect(readdirSync(etc).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('puts in nothing but an entry that no shell reads as more, whoever calls it', () => {
    const mark = (body: string): string => {
      const sum = createHash('sha256').update(body).digest('hex').slice(0, 32);
      return `# Koji Steward wrote this entry; it takes it out again while it is as written: ${sum}\n${body}`;
    };
    const first = '[fedora41]\nname = fedora41 ($arch)\narch = x86_64\n';
    const pieces = [
      ...[
        'http://h/`id`/',
        "http://h/'$(id)'/",
        'http://h/;id',
        'http://h/$archx/',
        'http://h/$(arch)/',
        'http://h/%2e/',
        'http://u:p@h/',
        'http://h/\n  http://h/`id`/',
        'http://h/ http://g/',
        'http://h/../x/',
        'file:///etc/',
        '-oProxyCommand=id',
        'http://-h/',
      ].map((url) => mrepoBlock(entryAt(url))),
      mrepoBlock(entryAt('http://h/x', 'metadata')),
      'os = http://h/\n',
      mark(`${first}os = http://h/x\n\ny\n`),
      mark(`${first}os = http://h/x\0/\n`),
      mark(`${first}os = http://h/x`),
      mark(`[main]\nlftpcommand = id\n`),
      mark(`${first}os = http://h/\n[main]\nos = http://h/\n`),
      mark(`os = http://h/\n${first}`),
      mark(first).replace('fedora41 (', 'fedora42 ('),
    ];
    for (const piece of pieces) {
      const bytes = Buffer.from(piece);
      const before = readFileSync(file);
      const ran = run(
        argsOf('add', 'config', {
          before,
          after: Buffer.concat([before, bytes]),
          piece: bytes,
          at: before.length,
        }),
      );
      expect([piece, ran.code, ran.says]).toEqual([piece, 1, expect.stringMatching(/^(not|more|its)/)]);
    }
    const odd = dnfRepoFile(entryAt('http://h/$(id)/'));
    expect(run(argsOf('add', 'repos', newFile(odd))).says).toMatch(/^not a plain address/);
    expect(readFileSync(file, 'utf8')).toBe(OLD);
    expect(readdirSync(join(etc, 'repos.d'))).toEqual([]);
  });

  it('adds to no section that is there, and none that means something to mrepo, whoever calls it', () => {
    writeFileSync(join(etc, 'mrepo.conf.d/more.conf'), '[Other]\nos = http://h/\n');
    const before = readFileSync(file);
    const of = (label: string, name = 'os'): readonly string[] => {
      const piece = Buffer.from(`\n${mrepoBlock({ ...entryAt('http://evil.example.org/', name), label })}`);
      const edit = { before, after: Buffer.concat([before, piece]), piece, at: before.length };
      return argsOf('add', 'config', edit).with(2, label);
    };
    for (const [args, why] of [
      // A proxy for all that is mirrored, and another address for somebody's label.
      [of('main', 'http_proxy'), /^\[main\] means something else/],
      [of('vars'), /^\[vars\] means something else/],
      [of('el9'), /^\[el9\] is in \S+mrepo\.conf already/],
      [of('other'), /^\[other\] is in \S+more\.conf already/],
      [of('fedora41-x86_64'), /^fedora41-x86_64 ends in an arch/],
    ] as const)
      expect(run(args)).toMatchObject({ code: 1, says: expect.stringMatching(why) });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(run(of('el9-tools')).code).toBe(0);
  });

  it('takes out nothing but what it put in', () => {
    const before = readFileSync(file);
    const piece = Buffer.from('[el9]\nos = http://h/é/', 'utf8');
    const at = before.indexOf(piece);
    const after = before.subarray(0, at);
    expect(run(argsOf('remove', 'config', { before, after, piece, at })).code).toBe(1);
    writeFileSync(join(etc, 'mrepo.conf.d/fedora41.conf'), '[fedora41]\nos = http://h/\n');
    const own = readFileSync(join(etc, 'mrepo.conf.d/fedora41.conf'));
    const away = { before: own, after: Buffer.alloc(0), piece: own, at: 0 };
    expect(run(argsOf('remove', 'confdir', away)).says).toBe('not an entry of Steward');
    expect(readFileSync(file, 'utf8')).toBe(OLD);
    expect(existsSync(join(etc, 'mrepo.conf.d/fedora41.conf'))).toBe(true);
  });

  it('takes no file away in which more than this entry stands, whoever says that none is to be left', () => {
    expect(run(add()).code).toBe(0);
    const before = readFileSync(file);
    expect(run(remove().with(4, '-'))).toMatchObject({
      code: 1,
      says: `more than this entry stands in ${file}, so it was left alone`,
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    const own = join(etc, 'mrepo.conf.d/fedora41.conf');
    writeFileSync(own, `${BLOCK}\n[el9]\nos = http://h/\n`);
    const all = readFileSync(own);
    const away = { before: all, after: Buffer.alloc(0), piece: Buffer.from(BLOCK), at: 0 };
    expect(run(argsOf('remove', 'confdir', away)).says).toBe(
      `more than this entry stands in ${own}, so it was left alone`,
    );
    expect(readFileSync(own).equals(all)).toBe(true);
  });

  it('has a lock that nobody else can hold', () => {
    expect(run(add()).code).toBe(0);
    expect(statSync(join(etc, 'steward/mirror.lock')).mode & 0o777).toBe(0o600);
  });

  it('does nothing without root’s word, on a link, or where others may write', () => {
    const args = add();
    const conf = join(etc, 'steward/mirror.conf');
    const kept = readFileSync(conf);
    rmSync(conf);
    expect(run(args).says).toMatch(/there is no .*mirror.conf on this host/);
    writeFileSync(conf, kept);
    chmodSync(conf, 0o666);
    expect(run(args).says).toMatch(/mirror.conf can be written by others/);
    chmodSync(conf, 0o644);
    writeFileSync(conf, 'config=/etc/../etc/x\n');
    expect(run(args).says).toMatch(/config is no plain path/);
    writeFileSync(conf, kept);
    chmodSync(etc, 0o777);
    expect(run(args).says).toMatch(/can be written by others/);
    chmodSync(etc, 0o755);
    writeFileSync(join(etc, 'real'), OLD);
    rmSync(file);
    symlinkSync(join(etc, 'real'), file);
    expect(run(args).says).toMatch(/is a link/);
  });

  it('changes nothing when the disk is full', () => {
    writeFileSync(file, `${OLD}\n${'# long\n'.repeat(20_000)}`);
    const before = readFileSync(file);
    const args = add();
    const ran = run(args, 0, 'trap "" XFSZ; ulimit -f 64;');
    expect(ran.code).toBe(1);
    expect(ran.says).toMatch(/so it was not changed|nothing was changed/);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(run(args).code).toBe(0);
  });

  it('killed before any of its commands, leaves the old file or the new one, and the next run ends it', {
    timeout: 240_000,
  }, () => {
    for (const change of [add, remove]) {
      const before = readFileSync(file);
      const args = change();
      const after = args[4];
      for (const name of copies()) rmSync(join(etc, name));
      run(args, 1_000_000);
      const commands = Number(readFileSync(join(base, 'count'), 'utf8'));
      expect(commands).toBeGreaterThan(20);
      writeFileSync(file, before);
      for (const at of pointsUpTo(commands, 4)) {
        for (const name of copies()) rmSync(join(etc, name));
        writeFileSync(file, before);
        const died = run(args, at);
        expect(died.signal ?? died.code).toBe('SIGKILL');
        expect([sum(before), after]).toContain(sum(readFileSync(file)));
        expect([at, run(args).code]).toEqual([at, 0]);
        expect([at, sum(readFileSync(file))]).toEqual([at, after]);
        expect(readdirSync(etc).filter((name) => name.startsWith('.'))).toEqual([]);
      }
    }
  });
});
