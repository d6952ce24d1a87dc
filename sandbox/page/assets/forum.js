import { refreshAgo } from './ago.js';
import { el } from './dom.js';
import { drawForumHead } from './forum-head.js';
import { drawTopic } from './forum-topic.js';
import { drawTopics } from './forum-topics.js';
import { createReplyBox, createTopicForm } from './forum-write.js';
import { askToConfirm } from './modal.js';

const NOBODY = { id: -1, username: 'somebody', name: 'somebody', face: 'nobody', role: null };

/**
 * The forum's pane. `at`: who looks, and where in the forum (`at.forum`: `view` is topics, messages, topic or new).
 * `ask(order)` gives the server's answer.
 */
export function createForum({ pane, head, scroll, body, foot, confirm }, { at, ask, go, hide, template }) {
  let parts = {};
  let drawn = '';
  let editing = null;
  let box = null;
  /** A topic that was just opened, and that the server has not told of yet. */
  let coming = null;

  const userOf = (id) => parts.forum.users.find((one) => one.id === id) ?? NOBODY;
  const topicOf = (id) => parts[`topic ${id}`] ?? undefined;
  const said = async (order) => (await ask(order)).error ?? null;

  function draw(now, { isShown, isBeside }) {
    parts = now;
    const { forum } = parts;
    pane.hidden = !isShown;
    if (!isShown) return;
    const where = at.forum;
    if (coming !== null && topicOf(coming) !== undefined) {
      Object.assign(where, { view: 'topic', topic: coming, from: 'topics' });
      coming = null;
    }
    if (where.view === 'topic' && topicOf(where.topic) === undefined) where.view = where.from;
    const key = `${at.me} ${where.view} ${where.view === 'topic' ? where.topic : ''}`;
    const isNew = key !== drawn;
    const hadFocus = isNew && pane.contains(document.activeElement);
    drawn = key;
    if (isNew) {
      editing = null;
      box = null;
      body.replaceChildren();
      foot.replaceChildren();
    }
    const isTopic = where.view === 'topic';
    const title = isTopic ? topicOf(where.topic).title : 'forum';
    drawForumHead(head, { where, title, forum, isBeside }, { go, hide });
    if (where.view === 'topic') drawOne(topicOf(where.topic), isNew);
    else if (where.view === 'new') drawNew(forum);
    else drawList(where.view, forum, isNew);
    refreshAgo(pane);
    if (hadFocus) focusAgain();
  }

  /** Whoever works with the keyboard goes on where they came from, or at the top. */
  function focusAgain() {
    if (pane.contains(document.activeElement)) return;
    const line = [...body.querySelectorAll('[data-focus]')].find(
      (node) => node.dataset.focus === `topic-${at.forum.topic}`,
    );
    (line ?? scroll).focus({ preventScroll: line === undefined });
  }

  function drawList(view, forum, isNew) {
    drawTopics(body, parts[`forum ${view}`] ?? [], {
      userOf,
      open: (topic) => go({ view: 'topic', topic, from: view }),
      label: view === 'messages' ? 'Private messages' : `Topics in ${forum.category}`,
      empty:
        view === 'topics'
          ? 'No topics yet. Open one, in your own words.'
          : forum.account === null
            ? 'Without an account in the forum there are no private messages.'
            : 'No private messages. Steward writes here what is for your eyes only.',
    });
    if (isNew) scroll.scrollTop = 0;
    drawVisitor(forum);
  }

  function drawNew(forum) {
    if (body.firstChild !== null) return;
    const form = createTopicForm(`${at.me} new`, {
      template: template(),
      bot: forum.bot,
      cancel: () => go({ view: 'topics' }),
      post: async (title, raw) => {
        const answer = await ask({ what: 'open-topic', title, raw });
        if (answer.error !== undefined) return answer.error;
        coming = answer.topic;
        go({});
        return null;
      },
    });
    body.replaceChildren(form.node);
    scroll.scrollTop = 0;
    form.focus();
  }

  function drawOne(topic, isNew) {
    const { forum } = parts;
    const line = [...parts['forum topics'], ...parts['forum messages']].find((one) => one.id === topic.id);
    const { list, changed } = drawTopic(body, topic, {
      userOf,
      names: namesOf(forum),
      editing,
      edit,
      save: async (post, raw) => {
        const wrong = await said({ what: 'edit-post', post, raw });
        if (wrong === null) edit(null);
        return wrong;
      },
      remove,
    });
    if (topic.mayReply) {
      if (box === null) {
        box = createReplyBox(`${at.me} ${topic.id}`, {
          label: `Reply to ${topic.isMessage ? 'this message' : 'this topic'}`,
          post: (raw) => said({ what: 'post', topic: topic.id, raw }),
        });
        foot.replaceChildren(box.node);
      }
      box.offer(topic.offers);
    } else {
      box = null;
      if (forum.account === null) drawVisitor(forum);
      else note(`This topic is ${topic.archived ? 'archived' : 'closed'}: nobody can reply any more.`);
    }
    if (isNew) showFrom(list, line);
    else if (changed && list.lastElementChild?.matches('.fresh')) show(list.lastElementChild);
    if (line !== undefined && !line.isRead && !document.hidden)
      void ask({ what: 'read-topic', topic: topic.id, number: topic.posts.at(-1)?.number ?? 0 });
  }

  /** Who has read some of it goes on at what is new; else the first post is at the top. */
  function showFrom(list, line) {
    const news = line?.unread ?? 0;
    scroll.scrollTop = 0;
    if (news > 0) list.children[list.children.length - news]?.scrollIntoView({ block: 'start' });
    else if (line?.isRead) show(list.lastElementChild);
  }

  function show(node) {
    node?.scrollIntoView({ block: node.offsetHeight > scroll.clientHeight ? 'start' : 'nearest' });
  }

  function edit(post) {
    const before = editing;
    editing = post;
    go({});
    const wanted = post === null ? `edit-${before}` : 'editor';
    [...body.querySelectorAll('[data-focus]')].find((node) => node.dataset.focus === wanted)?.focus();
  }

  async function remove(post) {
    const alone = post.number === 1;
    const yes = await askToConfirm(confirm, {
      style: 'danger',
      confirm: {
        title: alone ? 'Delete this topic?' : 'Delete this post?',
        pieces: [{ kind: 'text', text: 'Others who have read it may have acted on it already.' }],
        yes: 'Delete',
        no: 'Keep',
        style: 'danger',
      },
    });
    if (yes) await ask({ what: 'delete-post', post: post.id }, { aloud: true });
  }

  function drawVisitor(forum) {
    if (forum.account === null)
      note('You have no account in this forum: you may read, and not write. Choose somebody who has one.');
  }

  function note(text) {
    if (foot.querySelector('.forum-note')?.textContent === text) return;
    foot.replaceChildren(el('p', { class: 'forum-note', text }));
  }

  setInterval(() => refreshAgo(pane), 20_000);
  return { draw };
}

/** Who can be mentioned, and who looks. */
function namesOf(forum) {
  const me = forum.users.find((one) => one.id === forum.account)?.username ?? null;
  return {
    known: new Set(
      [...forum.users.map((one) => one.username), ...forum.groups].map((one) => one.toLowerCase()),
    ),
    me,
  };
}
