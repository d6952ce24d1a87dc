import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNamed } from '../../config/secrets.ts';
import { callText } from '../../src/core/call-text.ts';
import { check } from '../../src/core/problems.ts';
import { VERBS } from '../../src/core/verbs.ts';
import { makeBundle } from '../../src/hosts/bundle.ts';
import { openDatabase } from '../../src/store/database.ts';
import { script } from '../hosts/support.ts';
import { keepLog } from '../support/log.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'steward-machine-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the installer of a host’s bundle', () => {
  const files = makeBundle([script('#!/bin/bash\necho one\n', 'one.sh')], {
    scriptsDir: '/usr/local/libexec/steward',
    user: 'steward',
  });
  function unpack(name: string): {
    bundle: string;
    install: (env?: NodeJS.ProcessEnv) => ReturnType<typeof spawnSync>;
  } {
    const bundle = join(dir, name, 'steward-bundle');
    mkdirSync(join(bundle, 'scripts'), { recursive: true, mode: 0o755 });
    for (const { path, mode, text } of files) {
      writeFileSync(join(bundle, path), text);
      chmodSync(join(bundle, path), mode);
    }
    const to = join(dir, name, 'root');
    mkdirSync(to);
    const install = (env: NodeJS.ProcessEnv = {}) =>
      spawnSync('/bin/bash', ['steward-bundle/install.sh'], {
        cwd: join(dir, name),
        env: { PATH: process.env.PATH, DESTDIR: to, ...env },
        encoding: 'utf8',
      });
    return { bundle, install };
  }

  it('refuses what somebody else may change while root reads it', () => {
    const { bundle, install } = unpack('loose');
    chmodSync(join(bundle, 'scripts'), 0o777);
    expect(install()).toMatchObject({ status: 1, stderr: expect.stringContaining('./scripts') });
    chmodSync(join(bundle, 'scripts'), 0o755);
    symlinkSync('/etc/passwd', join(bundle, 'scripts', 'link'));
    expect(install()).toMatchObject({ status: 1, stderr: expect.stringContaining('./scripts/link') });
    rmSync(join(bundle, 'scripts', 'link'));
    expect(install()).toMatchObject({ status: 0 });
  });

  it('is led astray by no variable and no open umask of who runs it', () => {
    const { install } = unpack('umask');
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(join(elsewhere, 'steward-bundle'), { recursive: true });
    const before = process.umask(0);
    try {
      expect(install({ CDPATH: elsewhere, PATH: elsewhere })).toMatchObject({
        status: 0,
        stdout: 'installed\n',
      });
    } finally {
      process.umask(before);
    }
    for (const path of ['usr', 'usr/local/libexec', 'etc/sudoers.d'])
      expect([path, statSync(join(dir, 'umask/root', path)).mode & 0o022]).toEqual([path, 0]);
  });
});

describe('the embedded database', () => {
  it('is closed to others also in a directory that was open before', async () => {
    const open = join(dir, 'open');
    mkdirSync(open);
    chmodSync(open, 0o755);
    const database = await openDatabase({ dir: open, log: keepLog() });
    await database.close();
    expect(statSync(open).mode & 0o777).toBe(0o700);
  });
});

describe('a file that says whom Steward trusts', () => {
  it('is warned of when others may change it', async () => {
    const path = join(dir, 'known_hosts');
    writeFileSync(path, 'builder1 ssh-ed25519 AAAA\n');
    chmodSync(path, 0o664);
    expect(await readNamed(path, dir, false)).toMatchObject({
      ok: true,
      warns: expect.stringContaining('change'),
    });
    chmodSync(path, 0o644);
    expect(await readNamed(path, dir, false)).toMatchObject({ ok: true, warns: null });
  });
});

describe('what is shown to be approved', () => {
  it('writes what cannot be seen in a call by its number', () => {
    const call = (name: string) => callText({ kind: 'hub', method: 'disableHost', args: [name] });
    expect(call('builder2')).toBe('disableHost("builder2")');
    for (const mark of [
      '\u200b',
      '\u202e',
      '\u00a0',
      '\u3164',
      '\ufe0f',
      '\u{e0041}',
      '\u00ad',
      '\u2028',
      '\u034f',
    ])
      expect(call(`builder${mark}2`)).toBe(
        `disableHost("builder\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}2")`,
      );
    expect(call('é 日本')).toBe('disableHost("é 日本")');
    const host = {
      kind: 'host',
      host: 'b',
      script: 's.sh',
      sha256: 'a'.repeat(64),
      args: ['x\u200b'],
    } as const;
    expect(callText(host)).toContain('"x\\u{200b}"');
  });

  it('takes no parameter that only every object has', () => {
    const params = VERBS[0]?.params;
    if (!params) throw new Error('no verbs');
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
      expect(check(params, Object.fromEntries([[name, 'x']]))['']).toContain('no parameter');
  });
});

describe('the image', () => {
  it('is built from none of the files that lie beside the config', () => {
    const rules = readFileSync(new URL('../../.dockerignore', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    const named = rules.slice(rules.indexOf('config/*') + 1).filter((rule) => rule.startsWith('!config'));
    expect(named).toEqual(['!config/*.ts', '!config/steward.example.yaml', '!config/slack-manifest.yaml']);
    expect(rules.indexOf('!config')).toBeLessThan(rules.indexOf('config/*'));
  });

  it('installs packages only by their hashes, and runs no scripts of theirs', () => {
    const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
      packages: Record<string, { integrity?: string; resolved?: string; link?: boolean }>;
    };
    for (const [name, about] of Object.entries(lock.packages)) {
      if (name === '') continue;
      expect([name, about.integrity]).toEqual([name, expect.stringMatching(/^sha512-/)]);
      expect([name, about.resolved]).toEqual([name, undefined]);
    }
    expect(readFileSync(new URL('../../.npmrc', import.meta.url), 'utf8')).toContain('ignore-scripts=true');
    expect(execFileSync('grep', ['-c', 'COPY .*\\.npmrc', 'Dockerfile'], { encoding: 'utf8' }).trim()).toBe(
      '1',
    );
  });
});
