import type { ConfigFile, Mirror } from './mirror.ts';
import type { Section } from './mrepo-conf.ts';
import { SETTING_KEYS, SETTING_SECTIONS } from './names.ts';
import type { Settings } from './settings.ts';

/** A label that is configured, and where. */
export interface Configured {
  readonly label: string;
  readonly file: ConfigFile;
  readonly arches: readonly string[];
  readonly repos: readonly { readonly name: string; readonly url: string }[];
}

/** Every label that is configured, with the file that has it. A label that two files have is there twice. */
export function labelsOf({ files }: Mirror, settings: Settings): readonly Configured[] {
  return files.flatMap((file) =>
    settings.backend === 'mrepo' ? mrepoLabels(file, files[0]) : dnfLabels(file),
  );
}

/** The label of this name, in small letters or not: people and file systems do not tell them apart. */
export function labelNamed(label: string, labels: readonly Configured[]): Configured | undefined {
  return labels.find((one) => one.label.toLowerCase() === label.toLowerCase());
}

function mrepoLabels(file: ConfigFile, main: ConfigFile | undefined): readonly Configured[] {
  const otherwise = main?.conf.sections.get('main')?.values.get('arch') ?? 'i386';
  return [...file.conf.sections.values()]
    .filter(({ name }) => !SETTING_SECTIONS.has(name))
    .map((section) => ({
      label: section.name,
      file,
      arches: (section.values.get('arch') ?? otherwise).split(/\s+/).filter(Boolean),
      repos: reposIn(section),
    }));
}

function reposIn({ values }: Section): Configured['repos'] {
  return [...values].filter(([key]) => !SETTING_KEYS.has(key)).map(([name, url]) => ({ name, url }));
}

/** `[fedora41-os-x86_64]` in fedora41.repo: an arch has no dash. */
function dnfLabels(file: ConfigFile): readonly Configured[] {
  const label = /([^/]+)\.repo$/.exec(file.path)?.[1] ?? '';
  const found = [...file.conf.sections.values()].flatMap(({ name, values }) => {
    const [, repo, arch] = name.startsWith(`${label}-`)
      ? (/^(.+)-([^-]+)$/.exec(name.slice(label.length + 1)) ?? [])
      : [];
    const url = values.get('baseurl');
    return repo === undefined || arch === undefined || url === undefined ? [] : [{ repo, arch, url }];
  });
  const repos = [...new Set(found.map(({ repo }) => repo))].map((name) => ({
    name,
    url: found.find(({ repo }) => repo === name)?.url ?? '',
  }));
  return [{ label, file, arches: [...new Set(found.map(({ arch }) => arch))], repos }];
}
