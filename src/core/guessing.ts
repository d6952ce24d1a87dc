import { reply } from './asking.ts';
import type { Reply } from './card.ts';
import type { Command } from './command.ts';
import type { Said } from './desk.ts';
import { isOptional, metaOf } from './field-meta.ts';
import { commandsFor } from './help.ts';
import { lineOf } from './line.ts';
import { type Parsed, parse } from './parse.ts';
import { PEM_LABEL, PEM_WORD } from './pem.ts';
import type { Person } from './person.ts';
import { plainText } from './plain-text.ts';
import type { Site } from './planner.ts';
import { about, recognise } from './recognise.ts';
import { saidOf } from './talk.ts';
import { idIn, type Verb } from './verbs.ts';
import { FRIENDLY } from './words.ts';

const familyOf = (name: string): string => name.split(' ')[0] ?? '';

/** What people end with to be kind. */
const THANKS = /[\s,]+(?:please|pls|plz|thanks|thank you)[\s.!]*$/iu;

/** Answers words that say nothing to us, with lines to try instead. */
export function createGuessing(site: Site): {
  /** `guesses`: lines that may have been meant. */
  unknown(title: string, guesses: readonly string[]): Said;
  unclear(
    who: Person,
    parsed: Extract<Parsed, { kind: 'unclear' }>,
    text: string,
    here: string | undefined,
  ): Said;
} {
  /** Lines to try instead of one that says nothing to us: a typo mended, or what its words seem to ask for. */
  function meantBy(who: Person, meant: string | null, text: string): readonly string[] {
    if (meant !== null && canBeRead(meant)) return [meant];
    const near = meant === null ? null : parse(meant, site.registry);
    if (near?.kind === 'command') return [`help ${near.command.name}`];
    if (near?.kind === 'verb') return [`help ${near.verb.name}`];
    const mine = commandsFor(who, site);
    // Who talks to us need not say that it is about Koji.
    const lines = recognise(`koji ${text}`, mine).map(({ line }) => line);
    if (lines.length > 0) return lines;
    // “Revoke maria because=…”: the second word of a command, without the first.
    const [first = '', ...rest] = plainText(text).replace(THANKS, '').split(/\s+/u);
    const whole = (commands: readonly Command[]): readonly string[] =>
      commands
        .filter(({ name }) => name.split(' ').slice(1).includes(first.toLowerCase()))
        .map(({ name }) => [name, ...rest].join(' '))
        .filter(canBeRead)
        .slice(0, 3);
    const [own, others] = [whole(mine), whole(site.registry.all)];
    // Whoever may not ask for it is told who may.
    if (own.length + others.length > 0) return own.length > 0 ? own : others;
    const named = mine.filter(({ name }) => rest.includes(familyOf(name)));
    return [...new Set([...about(text, mine), ...named].map(({ name }) => `help ${familyOf(name)}`))].slice(
      0,
      3,
    );
  }

  /** Lines that take what was pasted, by what it says of itself. */
  function takersOf(who: Person, text: string): readonly string[] {
    const label = PEM_LABEL.exec(text)?.[1];
    return commandsFor(who, site).flatMap(({ name, params }) => {
      const takes = Object.entries(params.shape).find(
        ([, field]) => PEM_LABEL.exec(metaOf(field).example)?.[1] === label,
      );
      return takes ? [`${name} ${takes[0]}=…`] : [];
    });
  }

  /** Would it be read, once what is missing in it is filled in? */
  function canBeRead(line: string): boolean {
    const read = parse(line, site.registry);
    return 'problems' in read && Object.values(read.problems).every((problem) => problem === 'missing');
  }

  function unknown(title: string, guesses: readonly string[]): Said {
    const meant = guesses.filter(canBeRead);
    return reply({
      tone: 'warn',
      title,
      lines:
        meant.length === 0
          ? ['`help` shows what you can ask for.']
          : meant.every((line) => line.startsWith('help '))
            ? ['This shows what you can ask for.']
            : [`Did you mean ${meant.length > 1 ? 'one of these' : 'this'}?`],
      next: meant.length > 0 ? meant.map(plainText) : ['help'],
    });
  }

  function unclear(
    who: Person,
    { word, meant }: Extract<Parsed, { kind: 'unclear' }>,
    text: string,
    here: string | undefined,
  ): Said {
    if (PEM_WORD.test(text.trim())) {
      const next = takersOf(who, text);
      return reply({
        tone: 'warn',
        title: 'That was pasted without a command before it. Nothing was done.',
        lines: [next.length > 0 ? 'Paste it again, behind one of these.' : 'Nothing here takes it.'],
        next: next.length > 0 ? next : ['help'],
      });
    }
    const whole = plainText(text);
    const title =
      whole.length <= 60 && whole.includes(' ')
        ? `I do not understand “${whole}”. Nothing was done.`
        : `I do not know “${plainText(word).slice(0, 60)}”. Nothing was done.`;
    const said = saidOf(whole, here);
    return unknown(title, said.length > 0 ? said : meantBy(who, meant, text));
  }

  return { unknown, unclear };
}

/** Says what a verb lacks, with the lines that would have been right; null: nothing. */
export function lackOf(parsed: Extract<Parsed, { kind: 'verb' }>, here: string | undefined): Reply | null {
  const [wrong] = Object.entries(parsed.problems);
  if (!wrong) return null;
  const [name, problem] = wrong;
  const title = problem === 'missing' ? `\`${parsed.verb.name}\` needs ${NEEDED[name] ?? name}.` : problem;
  return { tone: 'warn', title, lines: [], next: mended(parsed, here) };
}

/** Why a yes is not taken behind these words: somebody quotes it, or says on what it hangs. Null: it is. */
export function hangsOn({ name, plain }: Verb, lead: string): Reply | null {
  const words = lead.split(/\s+/u);
  if (!plain || words.every((word) => FRIENDLY.test(word))) return null;
  const title = `I read \`${name}\` behind other words, which may mean something. Nothing was done: say it alone.`;
  return { tone: 'warn', title, lines: [], next: [] };
}

/** What a verb lacks, in words. */
const NEEDED: Readonly<Record<string, string>> = {
  because: 'a reason: because=…',
  step: 'the number of the step, which `show` gives',
};

/** The lines that would have been right, with the request that was meant, never with another. */
function mended(
  { verb, given, problems }: Extract<Parsed, { kind: 'verb' }>,
  here: string | undefined,
): readonly string[] {
  const right = Object.fromEntries(Object.entries(given).filter(([name]) => !problems[name]));
  const { shape } = verb.params;
  if (shape.request) {
    const id = idIn(right) ?? here;
    if (id === undefined) return ['requests open'];
    right.request = id;
  }
  const hole = Object.entries(shape).find(([name, field]) => right[name] === undefined && !isOptional(field));
  if (!hole) return [lineOf(verb.name, verb.params, right)];
  const [name, field] = hole;
  const { choices } = metaOf(field);
  return (choices.length > 0 ? choices : ['…']).map((value) =>
    lineOf(verb.name, verb.params, { ...right, [name]: value }),
  );
}
