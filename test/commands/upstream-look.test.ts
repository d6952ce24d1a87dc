import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../commands/repositories/upstream.sh', import.meta.url));

it('an upstream whose headers never end fills no disk, also where curl would let it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'steward-upstream-'));
  try {
    mkdirSync(join(dir, 'tmp'));
    // An old one takes as many headers as there are; it is stopped by its own size.
    const curl = `#!/bin/bash
while [[ $1 != -D ]]; do shift; done
head -c 60000000 /dev/zero | tr '\\0' 'a' >"$2"
echo $? $(stat -c %s "$2") >'${join(dir, 'said')}'
`;
    writeFileSync(join(dir, 'curl'), curl, { mode: 0o755 });
    const ran = spawnSync(
      'bash',
      [script, 'fetch', '5', '10', 'page', 'a', 'http://h.example/', '127.0.0.1'],
      {
        env: { PATH: `${dir}:${process.env.PATH}`, TMPDIR: join(dir, 'tmp') },
        encoding: 'utf8',
        timeout: 20_000,
      },
    );
    expect(ran.stdout).toMatch(/^a\tok\t.*\nEND 1\n$/);
    const size = spawnSync('cut', ['-d', ' ', '-f', '2', join(dir, 'said')], {
      encoding: 'utf8',
      timeout: 5_000,
    });
    expect(Number(size.stdout)).toBeLessThan(30_000_000);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
