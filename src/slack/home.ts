import type { HomeView, KnownBlock } from '@slack/types';
import type { Card } from '../core/card.ts';
import { STATE_WORDS } from '../core/listing.ts';
import type { Person } from '../core/person.ts';
import { mayDo } from '../core/rights.ts';
import type { Listed } from '../core/store.ts';
import { actions, context, divider, header, LIMITS, plainText, section } from './blocks.ts';
import { code, inline } from './escape.ts';
import { BUTTON } from './request-message.ts';

/** What somebody's Home shows. */
export interface HomeContent {
  readonly who: Person;
  readonly mine: readonly Listed[];
  /** Requests that wait for a decision, with their buttons. */
  readonly waiting: readonly Card[];
  readonly menu: readonly { readonly name: string; readonly summary: string; readonly example: string }[];
}

/** The App Home: what waits for me, what I asked for, what I may ask for. */
export function homeView(content: HomeContent): HomeView {
  const { who, mine, waiting, menu } = content;
  const blocks: KnownBlock[] = [header('Waiting for a decision')];
  if (waiting.length === 0) blocks.push(section('Nothing waits.'));
  for (const card of waiting.slice(0, 10)) {
    blocks.push(section(`*${inline(card.title, 300)}*\n${inline(card.line, 500)}`));
    // Deciding needs the whole plan in view, so that Home only leads to it.
    const buttons = card.actions
      .filter(({ verb }) => verb === 'cancel' || (verb === 'deny' && card.asker !== who.id))
      .filter(({ may }) => mayDo(who, { id: card.asker }, may))
      .map((action) => ({
        type: 'button' as const,
        action_id: `${BUTTON}${action.verb}`,
        text: plainText(action.label, 75),
        value: `${card.id}:${card.plan}`,
      }));
    const show = {
      type: 'button' as const,
      action_id: `${BUTTON}show`,
      text: plainText('Show it to me', 75),
      value: `${card.id}:${card.plan}`,
    };
    blocks.push(actions([show, ...buttons]), context(inline(card.footer, 500)));
  }
  blocks.push(divider(), header('My requests'));
  if (mine.length === 0) blocks.push(section('You have asked for nothing yet.'));
  for (const one of mine.slice(0, 12)) {
    blocks.push(
      section(
        `\`${one.id}\` *${inline(one.title, 200)}* · ${STATE_WORDS[one.status]}\n${inline(one.text, 300)}`,
      ),
    );
  }
  blocks.push(divider(), header('What I may ask for'));
  for (const item of menu.slice(0, 20)) {
    blocks.push(
      context(`*${inline(item.name, 100)}* · ${inline(item.summary, 200)} · ${code(item.example, 200)}`),
    );
  }
  blocks.push(
    context(`You are ${inline(who.name, 100)} · ${inline([...who.roles].join(', ') || 'no role', 300)}`),
  );
  return { type: 'home', blocks: blocks.slice(0, LIMITS.viewBlocks) };
}

/** Home for somebody who may not ask for anything. */
export function refusedHome(says: string, next: string): HomeView {
  return { type: 'home', blocks: [section(`🚫 *${inline(says, 1000)}*`), context(inline(next, 1000))] };
}
