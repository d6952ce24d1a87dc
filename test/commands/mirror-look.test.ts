import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../commands/repositories/look.sh', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'steward-mirror-look-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Lines of the look, without the facts that differ from run to run. */
function look(...args: readonly string[]): readonly string[] {
  const ran = spawnSync('bash', [script, ...args], {
    env: { PATH: process.env.PATH, STEWARD_ROOT: root },
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(ran.stderr).toBe('');
  return ran.stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/\tmode=.*/, '').replaceAll('\t', ' '));
}

function put(place: string, repomd: string, primary?: Buffer): void {
  const dir = join(root, 'www', place, 'repodata');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'repomd.xml'), repomd);
  if (primary) writeFileSync(join(dir, 'p.xml.gz'), primary);
}
const REPOMD =
  '<repomd><data type="other"><location href="repodata/o.xml.gz"/></data>\n<data type="primary">\n<location href="repodata/p.xml.gz"/></data></repomd>';
const primary = (count: number) =>
  gzipSync(`<?xml version="1.0"?>\n<metadata xmlns="x" packages="${count}">${'<package/>'.repeat(10_000)}`);

describe('the look at the mirror’s disk', () => {
  it('finds all metadata at once, and leaves out what leads nowhere', () => {
    put('el9-x86_64/RPMS.os', REPOMD, primary(1234));
    put('el9-x86_64/RPMS.updates', REPOMD);
    mkdirSync(join(root, 'www/el9-x86_64/RPMS.gone/repodata'), { recursive: true });
    symlinkSync('nowhere', join(root, 'www/el9-x86_64/RPMS.gone/repodata/repomd.xml'));
    expect(look('done', 'done', '/www')).toEqual([
      'done/el9-x86_64/RPMS.os ok',
      'done/el9-x86_64/RPMS.updates ok',
      'END 2',
    ]);
    expect(look('done', 'done', '/none')).toEqual(['END 0']);
  });

  it('says how many packages metadata names, from its first line, and nothing of what is no metadata', () => {
    put('odd-x86_64/RPMS.a', REPOMD.replace('repodata/p.xml.gz', '../../../etc/passwd'), primary(1));
    put('odd-x86_64/RPMS.b', 'none', primary(1));
    put('odd-x86_64/RPMS.c', REPOMD, Buffer.from('no gzip'));
    const asks = [
      'el9-x86_64/RPMS.os',
      'odd-x86_64/RPMS.a',
      'odd-x86_64/RPMS.b',
      'odd-x86_64/RPMS.c',
      'none',
    ];
    expect(look(...asks.flatMap((place) => ['packages', place, `/www/${place}`]))).toEqual([
      'el9-x86_64/RPMS.os ok packages=1234',
      'odd-x86_64/RPMS.a failed',
      'odd-x86_64/RPMS.b failed',
      'odd-x86_64/RPMS.c failed',
      'none failed',
      'END 5',
    ]);
  });

  it('measures as long as it may, all of it together', () => {
    expect(look('within', '0', '-', 'size', 'a', '/www', 'links', 'b', '/www/el9-x86_64')).toEqual([
      'a failed',
      'b failed',
      'END 2',
    ]);
    expect(look('within', '9', '-', 'links', 'b', '/www/el9-x86_64/RPMS.gone/repodata')).toEqual([
      'b ok links=1 dangling=1',
      'END 1',
    ]);
  });
});
