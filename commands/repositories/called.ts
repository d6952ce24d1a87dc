import { anyOf } from '../../src/core/recognise.ts';

/** How people call external repositories in posts. */
export const REPO_WORDS = anyOf(
  `external repo, external repos, external repository, external repositories, mrepo, upstream repo, mirrored repo`,
);

/** What is near when another kind of repository is meant. */
export const OTHER_REPOS = anyOf(
  `github, git, gitlab, copr, pulp, katello content, debian, apt, pypi, rubygems`,
);

/** A label in running text: `fedora 41` is said of it too, and is none. */
export const LABEL = /\b((?:fedora|centos|epel|rhel|el)\d{1,2}[a-z0-9-]*)\b/;
