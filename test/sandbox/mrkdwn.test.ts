import { describe, expect, it } from 'vitest';
import { plainText, readMrkdwn } from '../../sandbox/slack/mrkdwn.ts';

const names = {
  user: (id: string) => (id === 'U0MARIA' ? 'maria' : undefined),
  channel: (id: string) => (id === 'C0KOJI' ? 'koji' : undefined),
  group: (id: string) => (id === 'S0ADMINS' ? 'koji-admins' : undefined),
};
const read = (text: string) => readMrkdwn(text, names);

describe('the markup of messages', () => {
  it('reads bold, italic, strike and code at the edges of words only', () => {
    expect(read('*a b* _c_ ~d~ `e`').map((piece) => piece.kind)).toEqual([
      'bold',
      'text',
      'italic',
      'text',
      'strike',
      'text',
      'code',
    ]);
    expect(read('2*3*4 snake_case_name a ~ b ~ c')).toEqual([
      { kind: 'text', text: '2*3*4 snake_case_name a ~ b ~ c' },
    ]);
  });

  it('reads nothing inside code', () => {
    expect(read('`*a* :x: &lt;b&gt;`')).toEqual([{ kind: 'code', text: '*a* :x: <b>' }]);
    expect(read('a\n```\n*b* _c_\n```\nd')).toEqual([
      { kind: 'text', text: 'a' },
      { kind: 'fence', text: '*b* _c_' },
      { kind: 'text', text: 'd' },
    ]);
    expect(read('```never closed *x*').map((piece) => piece.kind)).toContain('bold');
  });

  it('turns ids into names and leaves unknown ones readable', () => {
    expect(plainText(read('<@U0MARIA> <@U0NOBODY> <#C0KOJI> <!subteam^S0ADMINS> <!here>'))).toBe(
      '@maria @U0NOBODY #koji @koji-admins @here',
    );
  });

  it('links only to web and mail addresses', () => {
    expect(read('<https://koji.example/?a=1&amp;b=2|builds>')).toEqual([
      { kind: 'link', url: 'https://koji.example/?a=1&b=2', text: 'builds' },
    ]);
    expect(read('<javascript:alert(1)|builds>')).toEqual([
      { kind: 'text', text: '<javascript:alert(1)|builds>' },
    ]);
  });

  it('reads entities once', () => {
    expect(read('&amp;lt;b&amp;gt; &lt;i&gt;')).toEqual([{ kind: 'text', text: '&lt;b&gt; <i>' }]);
  });
});
