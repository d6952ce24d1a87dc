#!/usr/bin/env node
// A pretend createrepo: makes metadata of the packages in a directory, in the form of the real one, from their names,
// sizes and bytes alone. Takes the real one's options and does nothing with them: createrepo.mjs [OPTIONS] DIRECTORY.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dir = process.argv.at(-1) ?? '.';
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

function packageText(path) {
  const file = join(dir, path);
  const [, name = path, version = '1', release = '1', arch = 'noarch'] =
    /^(?:.*\/)?(.+)-([^-]+)-([^-]+)\.([^.]+)\.rpm$/.exec(path) ?? [];
  return `<package type="rpm">
  <name>${escaped(name)}</name>
  <arch>${escaped(arch)}</arch>
  <version epoch="0" ver="${escaped(version)}" rel="${escaped(release)}"/>
  <checksum type="sha256" pkgid="YES">${sha256(readFileSync(file))}</checksum>
  <size package="${statSync(file).size}" installed="0" archive="0"/>
  <location href="${escaped(path)}"/>
</package>
`;
}

const paths = readdirSync(dir, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.rpm'))
  .sort();
const primary = `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" packages="${paths.length}">
${paths.map(packageText).join('')}</metadata>
`;
const packed = gzipSync(primary);
const name = `repodata/${sha256(packed)}-primary.xml.gz`;
const repomd = `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo">
  <revision>${Math.floor(Date.now() / 1000)}</revision>
  <data type="primary">
    <checksum type="sha256">${sha256(packed)}</checksum>
    <open-checksum type="sha256">${sha256(primary)}</open-checksum>
    <location href="${name}"/>
    <size>${packed.length}</size>
  </data>
</repomd>
`;
const fresh = join(dir, '.repodata');
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh);
writeFileSync(join(fresh, name.slice('repodata/'.length)), packed);
writeFileSync(join(fresh, 'repomd.xml'), repomd);
rmSync(join(dir, 'repodata'), { recursive: true, force: true });
renameSync(fresh, join(dir, 'repodata'));
