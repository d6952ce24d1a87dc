import { describe, expect, it } from 'vitest';
import { cook } from '../../sandbox/discourse/cook.ts';
import { cardText } from '../../src/cli/text.ts';
import { taskLinks } from '../../src/core/task-links.ts';
import { endPost, requestPost } from '../../src/discourse/request-post.ts';
import { requestMessage } from '../../src/slack/request-message.ts';
import { cardOf } from '../support/cards.ts';

const WEB = 'https://koji.example.org/koji';
const PAGE = `${WEB}/taskinfo?taskID=412`;
const LINE = 'newRepo of el8-build: task 412 failed (the hub says: no space).';

describe('a task of the hub that a message names', () => {
  const card = cardOf({
    status: 'failed',
    line: LINE,
    links: taskLinks([LINE], WEB),
    actions: [],
    notice: null,
  });

  it('is a link to its page in Slack', () => {
    expect(JSON.stringify(requestMessage(card).blocks)).toContain(`On the hub: <${PAGE}|task 412>`);
  });

  it('is a link in the forum, in the request’s own post and in the one that tells of its end', () => {
    const showing = { bot: 'steward', mayDecideHere: true };
    for (const raw of [requestPost(card, showing), endPost(card, showing)])
      expect(cook(raw)).toContain(`<a href="${PAGE}"`);
  });

  it('has its address in a terminal', () => {
    expect(cardText(card, { columns: 100, colour: false })).toContain(`task 412: ${PAGE}`);
  });

  it('is linked once, however often it is named, and not at all where the site gave no address', () => {
    expect(taskLinks([LINE, 'Task 412 was to make the repository anew', 'task 413 runs'], WEB)).toEqual([
      { text: 'task 412', url: PAGE },
      { text: 'task 413', url: `${WEB}/taskinfo?taskID=413` },
    ]);
    expect(taskLinks([LINE], undefined)).toEqual([]);
  });
});
