/** The groups of the side: the chat's places, and the forum's where there is one. */
export function groupsOf({ places, forum, 'forum topics': topics, 'forum messages': messages }) {
  const home = { id: 'home', name: 'Home', kind: 'home', pings: 0, unread: false };
  return [
    { title: 'Channels', places: places.filter((one) => one.kind === 'channel') },
    { title: 'Steward', places: [...places.filter((one) => one.kind === 'im'), home] },
    ...(forum === undefined
      ? []
      : [
          {
            title: 'Forum',
            places: [
              place('forum-topics', forum.category, 'category', topics, 'topics or replies'),
              place('forum-messages', 'Messages', 'messages', messages, 'messages'),
            ],
          },
        ]),
  ];
}

function place(id, name, kind, topics, news) {
  const pings = topics.filter((topic) => topic.isNew || topic.unread > 0).length;
  return { id, name, kind, pings, news, unread: pings > 0 };
}
