import { el, keep } from './dom.js';
import { sign } from './side.js';

/** The bar over the forum: where one is, the way back, and a new topic. */
export function drawForumHead(head, { where, title, forum, isBeside }, { go, hide }) {
  const { view, from } = where;
  const isList = view === 'topics' || view === 'messages';
  const inMessages = (isList ? view : from) === 'messages';
  const mayOpen = view === 'topics' && forum.account !== null;
  const state = {
    isList,
    inMessages,
    title,
    name: inMessages ? 'Messages' : forum.category,
    mayOpen,
    isBeside,
  };
  keep(
    head,
    [state],
    () => 'head',
    () =>
      el(
        'div',
        { class: 'forum-bar' },
        isList
          ? null
          : el('button', {
              type: 'button',
              class: 'icon-button back',
              'data-focus': 'back',
              'aria-label': inMessages ? 'Back to the messages' : 'Back to the topics',
              onclick: () => go({ view: inMessages ? 'messages' : 'topics' }),
              text: '‹',
            }),
        el('h1', { id: 'forum-title' }, sign(inMessages ? 'messages' : 'category'), state.name),
        el('span', { class: 'quiet forum-where', text: title }),
        mayOpen
          ? el('button', {
              type: 'button',
              class: 'button primary new-topic',
              'data-focus': 'new-topic',
              onclick: () => go({ view: 'new', from: 'topics' }),
              text: 'New topic',
            })
          : null,
        isBeside
          ? el('button', {
              type: 'button',
              class: 'icon-button',
              'data-focus': 'hide-forum',
              'aria-label': 'Hide the forum',
              onclick: hide,
              text: '×',
            })
          : null,
      ),
  );
}
