import { choice, identifier, whole, word, wordList } from '../../src/core/fields.ts';
import { wrongInArch } from './names.ts';

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;

/** Why it can be no tag of the hub; null: it can. */
function wrongInTag(tag: string): string | null {
  return TAG.test(tag) ? null : `“${tag.slice(0, 60)}” is no name of a tag.`;
}

/** Tags that use a repository. */
export const tagsField = (hint: string) =>
  wordList({ title: 'Tag', hint, example: 'foreman-nightly-el8-build', named: true }, wrongInTag, 10);

export const priorityField = whole(
  {
    title: 'Priority',
    hint: 'Left out: behind all others of the tag. The lowest is asked first.',
    example: '20',
    named: true,
  },
  { least: 0, most: 10_000 },
);

export const modeField = choice(
  {
    title: 'Merge mode',
    hint: 'How it is merged with the tag’s own packages.',
    example: 'koji',
    named: true,
  },
  ['koji', 'simple', 'bare'],
);

export const archesField = (hint: string) =>
  wordList({ title: 'Arches', hint, example: 'x86_64,aarch64', named: true }, wrongInArch, 10);

/** A repository as the hub calls it. */
export const hubRepoField = identifier({
  title: 'Repository',
  hint: 'As the hub calls it; `repo list` shows them.',
  example: 'centos8-base',
});

/** One word by the rules of a command. */
export const labelField = (wrong: (text: string) => string | null, hint: string) =>
  word({ title: 'Label', hint, example: 'fedora41' }, wrong, 100);
