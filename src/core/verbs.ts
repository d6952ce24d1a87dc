import { z } from 'zod';
import type { Given, Params } from './command.ts';
import { choice, decimal, identifier, requestId, whole, words } from './fields.ts';

/** What people can do with requests, beside asking for commands. The same words in chat, forum and terminal. */
export type VerbName =
  | 'help'
  | 'requests'
  | 'show'
  | 'history'
  | 'approve'
  | 'deny'
  | 'cancel'
  | 'undo'
  | 'resume'
  | 'resolve'
  | 'done'
  | 'check'
  | 'link'
  | 'unlink'
  | 'freeze'
  | 'thaw';

/** A verb as help and parsing need it. */
export interface Verb {
  readonly name: VerbName;
  readonly summary: string;
  readonly params: Params;
  readonly example: string;
  /** The only words behind it that are read; others are talk. */
  readonly heeds?: RegExp;
  /** It says yes: words behind it may mean something (`approve r1 once adam agrees`), so only friendly ones are passed over. */
  readonly plain?: true;
}

const request = requestId({
  title: 'Request',
  hint: 'Its id; in its own thread you can leave it out.',
  example: 'r42',
});
const plan = decimal(
  { title: 'Plan', hint: 'Its number, where a request has had more than one.', example: '2', named: true },
  { above: 0, most: 1000 },
).optional();
const because = (hint: string) =>
  words({ title: 'Because', hint, example: 'the disk is failing', named: true });

export const VERBS: readonly Verb[] = [
  {
    name: 'help',
    summary: 'Show what you can ask for, or how one command is used',
    params: z.object({
      topic: words({ title: 'Topic', hint: 'A command.', example: 'builder capacity' }, 100).optional(),
    }),
    example: 'help builder capacity',
  },
  {
    name: 'requests',
    summary: 'List requests that are open, yours, or all of late',
    params: z.object({
      which: choice({ title: 'Which', hint: 'open, mine or all.', example: 'open' }, [
        'open',
        'mine',
        'all',
      ]).optional(),
    }),
    example: 'requests open',
  },
  {
    name: 'show',
    summary: 'Show one request: its plan and where it stands',
    params: z.object({ request: request.optional() }),
    example: 'show r42',
  },
  {
    name: 'history',
    summary: 'Show all that happened to a request: every decision and every call, with times and names',
    params: z.object({ request: request.optional() }),
    example: 'history r42',
  },
  {
    name: 'approve',
    plain: true,
    summary: 'Say yes to the plan of a request',
    params: z.object({ request: request.optional(), plan }),
    example: 'approve r42',
  },
  {
    name: 'deny',
    summary: 'Say no to a request, with the reason',
    params: z.object({ request: request.optional(), plan, because: because('The asker reads it.') }),
    example: 'deny r42 because=builder2 is being replaced',
  },
  {
    name: 'cancel',
    summary: 'Take back your own request, or stop one that runs: a job at once, else before its next step',
    params: z.object({ request: request.optional(), because: because('Why.').optional() }),
    example: 'cancel r42',
  },
  {
    name: 'undo',
    summary: 'Ask for what a finished request changed to be changed back',
    params: z.object({ request: request.optional() }),
    example: 'undo r42',
  },
  {
    name: 'resume',
    plain: true,
    summary: 'Let a failed request go on from where it stopped',
    params: z.object({ request: request.optional() }),
    example: 'resume r42',
  },
  {
    name: 'resolve',
    summary: 'Say whether a step whose outcome is unknown happened, after you looked',
    params: z.object({
      request: request.optional(),
      outcome: choice({ title: 'Outcome', hint: 'done or not-done.', example: 'done' }, ['done', 'not-done']),
    }),
    example: 'resolve r42 done',
  },
  {
    name: 'done',
    plain: true,
    summary: 'Say that you have done a step of a request that people do by hand',
    params: z.object({
      request: request.optional(),
      step: whole({ title: 'Step', hint: 'Its number in the plan.', example: '2' }, { least: 1, most: 1000 }),
    }),
    example: 'done r42 2',
  },
  {
    name: 'check',
    summary: 'Look at once how a request that waits is getting on',
    params: z.object({ request: request.optional() }),
    example: 'check r42',
  },
  {
    name: 'link',
    summary: 'Say that your account in the forum and the one in chat are both yours',
    params: z.object({
      code: identifier({
        title: 'Code',
        hint: 'From `link` in the forum; to be used in chat.',
        example: 'ABCD-EFGH-JKMN',
      }).optional(),
      sure: choice(
        { title: 'Sure', hint: 'confirm, once you have seen both accounts.', example: 'confirm' },
        ['confirm'],
      ).optional(),
    }),
    example: 'link',
    heeds: /^(?:(?:code=)?(?:[a-z0-9]{4}-?){2}[a-z0-9]{4}|(?:sure=)?confirm)$/iu,
  },
  {
    name: 'unlink',
    summary: 'Take a link back',
    params: z.object({}),
    example: 'unlink',
  },
  {
    name: 'freeze',
    summary: 'Stop every run at its next step until somebody thaws',
    params: z.object({ because: because('Everybody who waits reads it.') }),
    example: 'freeze because=the hub is being upgraded',
  },
  {
    name: 'thaw',
    summary: 'Let runs go on again',
    params: z.object({}),
    example: 'thaw',
  },
];

/** The request that is named: `42` is what people type for `r42`. */
export function idIn(given: Given): string | undefined {
  return given.request?.toLowerCase().replace(/^(?=\d+$)/, 'r');
}
