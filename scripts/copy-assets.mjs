// tsc compiles only TypeScript: the scripts that commands send to hosts go beside their compiled commands.
import { cp, readdir } from 'node:fs/promises';

for (const top of ['commands', 'src', 'config']) {
  for (const entry of await readdir(top, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.ts')) continue;
    // A site's own config, and the keys beside it, stay where they are.
    if (top === 'config' && !['steward.example.yaml', 'slack-manifest.yaml'].includes(entry.name)) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    await cp(path, `dist/${path}`, { recursive: true });
  }
}
await cp('package.json', 'dist/package.json');
