import type { Table } from './answer.ts';
import type { Reply } from './card.ts';
import type { Command, Params } from './command.ts';
import { isOptional, metaOf } from './field-meta.ts';
import { lineInShort } from './in-short.ts';
import { usageOf } from './line.ts';
import { nearest } from './near.ts';
import type { Person } from './person.ts';
import type { Site } from './planner.ts';
import { mayAsk } from './policy.ts';
import { VERBS } from './verbs.ts';

/** What this person may ask for. */
export function commandsFor(who: Person, site: Site): readonly Command[] {
  return site.registry.all.filter((command) => mayAsk(who, command.name, site.rule(command.name)).ok);
}

/** Help: what this person may ask for, or how one command is used. */
export function helpReply(who: Person, topic: string | undefined, site: Site): Reply {
  if (!topic) return overview(who, site);
  const words = topic.toLowerCase().match(/[\p{L}\p{N}_.-]+/gu) ?? [];
  const known = helpOn(who, topic.toLowerCase().trim(), site) ?? helpOn(who, words.join(' '), site);
  if (known) return known;
  const meant = nearest(topic.trim(), [
    ...site.registry.all.flatMap((one) => [one.name, ...one.name.split(' ')]),
    ...VERBS.map((one) => one.name),
  ]);
  // “Help builder capacity, please”, and “help me, what can you do?”
  const begins = helpOn(who, words.slice(0, 2).join(' '), site) ?? helpOn(who, words[0] ?? '', site);
  if (!meant && begins) return begins;
  if (!meant && (words.length !== 1 || TALK.test(topic))) return overview(who, site);
  return {
    tone: 'warn',
    title: `There is no command called “${topic}”.`,
    lines: meant ? [`Did you mean ${meant}?`] : [],
    next: [meant ? `help ${meant}` : 'help'],
  };
}

/** Words behind `help` that are no topic. */
const TALK = /^\W*(?:me|us|pls|plz|please|thanks)\W*$/iu;

/** Help on one command, verb, or word that several commands share; null where it is none. */
function helpOn(who: Person, wanted: string, site: Site): Reply | null {
  const command = site.registry.get(wanted);
  if (command) return commandHelp(who, command, site);
  const verb = VERBS.find((one) => one.name === wanted);
  if (verb) {
    return {
      tone: 'info',
      title: usageOf(verb.name, verb.params),
      lines: [`${verb.summary}.`],
      ...(Object.keys(verb.params.shape).length > 0 ? { table: parametersOf(verb.params) } : {}),
      next: [verb.example],
    };
  }
  const family = site.registry.all.filter((one) => one.name.split(' ').includes(wanted));
  if (family.length > 0) {
    return { tone: 'info', title: `Commands with ${wanted}`, lines: [], table: tableOf(family) };
  }
  return null;
}

function overview(who: Person, site: Site): Reply {
  const mine = commandsFor(who, site);
  return {
    tone: 'info',
    title: mine.length > 0 ? 'What you can ask for' : 'You cannot ask for anything yet',
    lines: [
      mine.length > 0
        ? 'I show what I would do, wait for the approvals that it needs, then do it and tell you here.'
        : 'Ask an admin of the build system to give you a role.',
      `About requests: ${VERBS.map((verb) => `\`${verb.name}\``).join(', ')}.`,
    ],
    table: tableOf(mine),
    next: mine.slice(0, 1).map((command) => `help ${command.name}`),
  };
}

function tableOf(commands: readonly Command[]): Table {
  return {
    columns: ['Command', 'What it does'],
    rows: commands.map((one) => [usageOf(one.name, one.params), one.summary]),
  };
}

function commandHelp(who: Person, command: Command, site: Site): Reply {
  const rule = site.rule(command.name);
  const allowed = mayAsk(who, command.name, rule);
  const { people, roles } = rule.approval;
  const decide =
    people === 0
      ? 'It only looks, so nobody has to approve it.'
      : `It takes the yes of ${people} ${roles.join(people > 1 ? 's or ' : ' or ')}${people > 1 ? 's' : ''}${rule.approval.ownRequest ? '' : ', not the asker'}.`;
  return {
    tone: 'info',
    title: usageOf(command.name, command.params),
    lines: [`${command.summary}.`, allowed.ok ? decide : `${allowed.says} ${allowed.next}`],
    table: parametersOf(command.params),
    next: examplesOf(command),
  };
}

/** A few lines to try: the command alone first, where that says something. */
function examplesOf({ name, params, examples }: Command): readonly string[] {
  const alone = Object.values(params.shape).every(isOptional) ? [name] : [];
  return [...new Set([...alone, ...examples.map(lineInShort)])].slice(0, 3);
}

function parametersOf(params: Params): Table {
  return {
    columns: ['Parameter', 'What it is'],
    rows: Object.entries(params.shape).map(([name, field]) => {
      const { hint, example } = metaOf(field);
      return [isOptional(field) ? `${name} (optional)` : name, `${hint} For example ${example}.`];
    }),
  };
}
