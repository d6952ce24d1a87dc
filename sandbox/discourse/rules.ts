import type { Guardian } from './guardian.ts';
import type { Draft, Topic, User } from './model.ts';
import { unfit } from './refusal.ts';
import type { State } from './state.ts';

const LONGEST = 32_000;
const MENTIONS = 10;
const ENTROPY = 7;
const CONSECUTIVE = 3;
const UNIQUE_MS = 5 * 60_000;

/** As a text is stored: no spaces of other kinds, and none at the end. */
export function tidy(raw: string): string {
  return raw.replace(/[\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g, ' ').trimEnd();
}

/** What is wrong with the text of a post. Holds for everybody, staff too. */
export function textErrors(raw: string, message: boolean): string[] {
  const least = message ? 10 : 20;
  const meant = shown(raw);
  const errors: string[] = [];
  if (meant === '') return ["Body can't be blank"];
  if ([...meant].length < least) errors.push(`Body is too short (minimum is ${least} characters)`);
  else if (new Set(meant).size < ENTROPY) errors.push('Body seems unclear, is it a complete sentence?');
  const length = [...raw].length;
  if (length > LONGEST) errors.push(`Body is limited to ${LONGEST} characters; you entered ${length}.`);
  return errors;
}

export function titleErrors(title: string, message: boolean): string[] {
  const least = message ? 2 : 15;
  const length = [...shown(title)].length;
  if (length === 0) return ["Title can't be blank"];
  if (length < least) return [`Title is too short (minimum is ${least} characters)`];
  return length > 255 ? ['Title is too long (maximum is 255 characters)'] : [];
}

/** What counts for the length: HTML comments do not, an emoji is one character. */
function shown(text: string): string {
  return text
    .replace(/<!--.*?-->/gs, '')
    .replace(/:\w+(:\w+)?:/g, 'X')
    .replace(/\.{2,}/g, '…')
    .trim();
}

/**
 * The rules against talking too much. They hold for who comes through the API; for people at a screen the
 * pretend forum has no use for them.
 */
export function checkManners(
  {
    state,
    guardian,
    now,
  }: { readonly state: State; readonly guardian: Guardian; readonly now: () => number },
  user: User,
  draft: Draft,
  topic: Topic | undefined,
): void {
  if (guardian.isStaff(user)) return;
  const message = topic === undefined ? draft.recipients !== undefined : topic.category === null;
  if (topic !== undefined && !message && topic.userId !== user.id && !guardian.moderates(user, topic)) {
    const last = state
      .postsOf(topic.id)
      .filter((post) => !post.deleted && post.action === null)
      .slice(-CONSECUTIVE);
    if (last.length === CONSECUTIVE && last.every((post) => post.userId === user.id))
      throw unfit(
        `No more than ${CONSECUTIVE} consecutive replies are allowed. Please edit your previous reply, or wait for someone to reply to you.`,
      );
  }
  const mentions = new Set(draft.raw.match(/(?<![\w@])@[A-Za-z0-9][\w.-]*/g));
  if (mentions.size > MENTIONS) throw unfit(`Sorry, you can only mention ${MENTIONS} users in a post.`);
  if (hasAlike(state, now(), user, draft.raw, message)) throw unfit(TOO_ALIKE);
  if (topic === undefined && !message && state.listed().some((one) => titled(one, draft.title ?? '')))
    throw unfit('Title has already been used');
}

export const TOO_ALIKE = 'Body is too similar to what you recently posted';

/** This person posted the same within five minutes: in another post than `except`, in public or in a message. */
export function hasAlike(
  state: State,
  at: number,
  user: User,
  raw: string,
  message: boolean,
  except?: number,
): boolean {
  return state
    .newestPosts((post) => post.createdAt > at - UNIQUE_MS)
    .some(
      (post) =>
        post.userId === user.id &&
        post.id !== except &&
        (state.topics.get(post.topic)?.category === null) === message &&
        squeezed(post.raw) === squeezed(raw),
    );
}

const squeezed = (raw: string) => raw.replace(/\s/g, '').toLowerCase();
const titled = (topic: Topic, title: string) =>
  !topic.deleted && topic.title.toLowerCase() === title.trim().toLowerCase();
