import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIRROR, makeMirror } from './mirror.ts';
import { fillUpstream, startUpstream, type Upstream } from './upstream.ts';

/** What the pretend upstream has from the beginning. */
const PACKAGES = {
  os: ['bash-5.2.32-1.fc41.x86_64.rpm', 'koji-1.35.0-1.fc41.noarch.rpm', 'ruby-3.3.5-15.fc41.x86_64.rpm'],
  updates: ['ruby-3.3.8-19.fc41.x86_64.rpm'],
};

/**
 * A small upstream, and below `root` a mirror that has an entry for it and was never synced. The same directory gives
 * the same again; packages stay as they are then.
 */
export async function startMirrorSite(dir: string, root: string): Promise<Upstream> {
  const portFile = join(dir, 'upstream_port');
  const before = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0;
  for (const [repo, packages] of Object.entries(PACKAGES)) {
    const place = join(dir, 'upstream', repo, 'x86_64');
    if (!existsSync(place)) fillUpstream(place, packages, { bytes: 20_000 });
  }
  const upstream = await startUpstream(join(dir, 'upstream'), before);
  const port = Number(new URL(upstream.url).port);
  writeFileSync(portFile, String(port));
  // The same packages, as somewhere outside: where a loopback address is refused as it should be.
  mkdirSync(join(root, 'var/lib/sandbox'), { recursive: true });
  writeFileSync(join(root, 'var/lib/sandbox/upstreams'), `http://mirror.example.org/ ${upstream.url}\n`);
  makeMirror(root, {
    entries: `### Do not remove entries!
[fedora41]
name = Fedora 41 ($arch)
release = 41
arch = x86_64
os = ${upstream.url}os/$arch/
updates = ${upstream.url}updates/$arch/
`,
  });
  if (before !== 0 && before !== port) {
    const config = join(root, MIRROR.config);
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replaceAll(`127.0.0.1:${before}/`, `127.0.0.1:${port}/`),
    );
  }
  return upstream;
}
