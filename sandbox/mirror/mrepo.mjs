#!/usr/bin/env node
// A pretend mrepo, with the configuration, the options and above all the lies of the real one (0.8.7): it ends with 0
// for a label that there is not, when metadata fails and when `-u` alone fails; a second run skips the download that
// another is at, and makes metadata of what is there so far; it deletes what upstream has lost; two addresses of one
// repository wipe each other; and an address goes to a shell as it stands.
//
//   mrepo.mjs [-c FILE] [-u] [-g] [-f] [-v] [-n] [-r REPOS] [LABEL...]
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const RESERVED = [
  'iso',
  'name',
  'release',
  'repo',
  'rhnrelease',
  'arch',
  'dist',
  'disabled',
  'fuseiso',
].concat(['unionfs', 'metadata', 'promoteepoch', 'systemid']);
const NO_DIST = ['main', 'repos', 'variables', 'vars', 'DEFAULT'];
const OFF = ['no', 'off', 'false', '0'];

const flag = (short) => ({ type: 'boolean', short });
const { values: on, positionals: labels } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: 'string', short: 'c', default: '/etc/mrepo.conf' },
    repo: { type: 'string', short: 'r' },
    update: flag('u'),
    generate: flag('g'),
    force: flag('f'),
    verbose: flag('v'),
    'dry-run': flag('n'),
  },
});
let exitCode = 0;
const error = (text) => process.stderr.write(`mrepo: ${text}\n`);
const info = (text) => process.stdout.write(`${text}\n`);

/** As Python 2's ConfigParser; a line that it cannot read ends the run, whatever it was for. */
function readConfig(file) {
  const sections = new Map();
  let section = null;
  let key = null;
  for (const line of readFileSync(file, 'latin1').split(/\r?\n/)) {
    if (line.trim() === '' || /^([#;]|rem\s)/i.test(line)) continue;
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    const option = /^([^:=\s][^:=]*)[:=]\s*(.*)$/.exec(line);
    if (/^\s/.test(line) && section && key) section.set(key, `${section.get(key)}\n${line.trim()}`);
    else if (header !== undefined) {
      section = sections.get(header) ?? new Map();
      sections.set(header, section);
      key = null;
    } else if (section && option) {
      key = option[1].trim().toLowerCase();
      section.set(key, option[2].replace(/\s;.*$/, '').trim());
    } else {
      error(`Syntax error reading file: ${file}`);
      process.exit(7);
    }
  }
  return sections;
}

const first = readConfig(on.config);
const main = first.get('main') ?? new Map();
const setting = (name, otherwise) => main.get(name) ?? otherwise;
const [srcdir, wwwdir] = [setting('srcdir', '/var/mrepo'), setting('wwwdir', '/var/www/mrepo')];
const lockdir = setting('lockdir', '/var/cache/mrepo');
const confdir = setting('confdir', '/etc/mrepo.conf.d');
const more = existsSync(confdir)
  ? readdirSync(confdir)
      .filter((name) => name.endsWith('.conf'))
      .sort()
  : [];

const dists = [first, ...more.map((name) => readConfig(join(confdir, name)))].flatMap((file) =>
  [...file]
    .filter(([name]) => !NO_DIST.includes(name))
    .flatMap(([name, keys]) =>
      (keys.get('arch') ?? setting('arch', 'i386')).split(/\s+/).map((arch) => distOf(name, arch, keys)),
    ),
);

function distOf(name, arch, keys) {
  const nick = `${name}-${arch}`;
  const known = { arch, nick, dist: name, release: keys.get('release') };
  const repos = [...keys]
    .filter(([key]) => !RESERVED.includes(key))
    .map(([key, value]) => ({
      name: key,
      url: value.replace(/\$\{?(\w+)\}?/g, (all, word) => ({ ...known, repo: key })[word] ?? all),
      src: join(srcdir, nick, key),
      www: join(wwwdir, nick, `RPMS.${key}`),
    }));
  return { name, nick, repos, disabled: !OFF.includes(keys.get('disabled') ?? 'no') };
}

/** As `os.system` does it: whatever the text holds. Its output is thrown away. */
function run(command) {
  return (
    spawnSync('sh', ['-c', `exec ${command} >/dev/null`], { stdio: ['ignore', 'inherit', 'inherit'] })
      .status ?? 1
  );
}

function mirror(dist, repo) {
  for (const url of repo.url.split(/\s+/).filter(Boolean)) {
    info(`${dist.nick}: Mirror packages from ${url} to ${repo.src}`);
    if (!on['dry-run']) mkdirSync(repo.src, { recursive: true });
    const dry = on['dry-run'] ? ' --dry-run' : '';
    const code = url.startsWith('rsync:')
      ? run(
          `rsync -rtHL --partial -q${dry} --delete-after --delete-excluded --exclude="/headers/" --exclude="/repodata/" --exclude="*.src.rpm" --include="*.rpm" --exclude="*.*" ${url} ${repo.src}`,
        )
      : run(`'${join(here, 'lftp.sh')}' -c 'mirror -e${dry} ${url} ${repo.src}'`);
    if (code === 0) continue;
    error(`Mirroring failed for ${url} with message:\n  'Failed with return code: ${code << 8}'`);
    exitCode = 2;
  }
}

function lock(dist, repo, action) {
  const file = join(lockdir, dist.nick, `${action}-${repo.name}.lock`);
  mkdirSync(dirname(file), { recursive: true });
  const pid = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (pid !== '' && existsSync(`/proc/${pid}`)) {
    error(`${dist.nick}: Found existing lock ${file} owned by pid ${pid}`);
    return null;
  }
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

function packagesBelow(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true })
    .map((path) => join(dir, String(path)))
    .filter((path) => path.endsWith('.rpm') && existsSync(path));
}

function generate(dist, repo, sources) {
  mkdirSync(repo.www, { recursive: true });
  const links = new Map(sources.flatMap(packagesBelow).map((path) => [basename(path), path]));
  for (const name of readdirSync(repo.www))
    if (name.endsWith('.rpm') && !links.has(name)) unlinkSync(join(repo.www, name));
  for (const [name, path] of links) {
    const link = join(repo.www, name);
    if (lstatSync(link, { throwIfNoEntry: false })) unlinkSync(link);
    symlinkSync(relative(repo.www, path), link);
  }
  info(`${dist.nick}: Create repomd repository for ${repo.name}`);
  const createrepo = setting('createrepocmd', '/usr/bin/createrepo');
  const code = run(`${createrepo} --quiet --pretty --database --update ${repo.www}`);
  // The real one sets an exit code that nobody reads.
  if (code !== 0)
    error(
      `Generating repo failed for ${repo.name} with message:\n  '${createrepo} failed with return code: ${code << 8}'`,
    );
}

const chosen = labels.flatMap((label) => {
  const found = dists.filter((dist) => label === dist.nick || label === dist.name);
  if (found.length === 0) error(`Distribution ${label} not defined`);
  return found;
});
const wanted = labels.length > 0 ? chosen : dists.filter((dist) => !dist.disabled);
const reposOf = (dist) => dist.repos.filter(({ name }) => !on.repo || on.repo.split(',').includes(name));

for (const dist of on.update ? wanted : []) {
  info(`${dist.nick}: Updating ${dist.name}`);
  for (const repo of reposOf(dist)) {
    const unlock = lock(dist, repo, 'update');
    if (unlock) mirror(dist, repo);
    unlock?.();
  }
}
if (!on.generate) process.exit(0);
for (const dist of wanted) {
  info(`${dist.nick}: Generating ${dist.name} meta-data`);
  if (on['dry-run'] && !existsSync(join(wwwdir, dist.nick))) {
    process.stderr.write(
      'Traceback (most recent call last):\nOSError: [Errno 2] No such file or directory\n',
    );
    process.exit(1);
  }
  const all = { name: 'all', www: join(wwwdir, dist.nick, 'RPMS.all') };
  for (const repo of reposOf(dist)) {
    const unlock = lock(dist, repo, 'generate');
    if (unlock && !on['dry-run']) generate(dist, repo, [repo.src]);
    unlock?.();
  }
  if (!on['dry-run'])
    generate(
      dist,
      all,
      dist.repos.map(({ src }) => src),
    );
}
process.exit(exitCode);
