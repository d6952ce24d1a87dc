import type { Action, Card } from '../../src/core/card.ts';
import type { Desk, Said } from '../../src/core/desk.ts';
import type { Form } from '../../src/core/form.ts';
import type { Person, Place } from '../../src/core/person.ts';
import type { Status } from '../../src/core/request.ts';
import { cardOf, stepOf } from '../support/cards.ts';

interface Small {
  readonly id: string;
  seq: number;
  status: Status;
  readonly asker: Person;
  line: string;
  readonly text: string;
}

/** A desk that knows one command, keeps its requests in memory, and notes all that it is told. */
export function smallDesk() {
  const requests = new Map<string, Small>();
  const origins = new Map<string, Said>();
  const heard: {
    how: string;
    text: string;
    who: string;
    place: Place;
    here?: string | undefined;
    lead?: string | undefined;
    origin: string;
  }[] = [];
  const broken = { times: 0 };

  const once = (origin: string, make: () => Said): Said => {
    if (broken.times > 0) {
      broken.times -= 1;
      throw new Error('the desk is broken');
    }
    const before = origins.get(origin);
    if (before) return before.kind === 'request' ? { ...before, isNew: false } : before;
    const said = make();
    if (said.kind === 'request' || said.kind === 'decided') origins.set(origin, said);
    return said;
  };
  const reply = (title: string, tone: 'info' | 'warn' = 'info'): Said => ({
    kind: 'reply',
    reply: { tone, title, lines: [], next: ['help'] },
  });
  const formOf = (given: Readonly<Record<string, string>>): Form => ({
    command: 'builder capacity',
    summary: 'Set how much a builder takes on',
    usage: 'builder capacity <host> <capacity>',
    fields: ['host', 'capacity'].map((name) => ({
      name,
      title: name,
      hint: '',
      kind: 'line',
      choices: [],
      optional: false,
      example: name === 'host' ? 'builder2' : '8',
      value: given[name] ?? '',
      problem: !given[name]
        ? 'missing'
        : name === 'capacity' && !(Number(given[name]) > 1)
          ? 'must be above 1'
          : null,
    })),
  });
  const ask = (who: Person, given: Readonly<Record<string, string>>): Said => {
    const form = formOf(given);
    if (form.fields.some((field) => field.problem)) return { kind: 'form', form };
    const id = `r${requests.size + 1}`;
    const text = `builder capacity ${given.host} ${given.capacity}`;
    requests.set(id, {
      id,
      seq: 2,
      status: 'planned',
      asker: who,
      line: 'Waits for the yes of an admin.',
      text,
    });
    return { kind: 'request', id, isNew: true, queued: true };
  };
  const decide = (who: Person, id: string, verb: string, because = ''): Said => {
    const request = requests.get(id);
    if (!request) return reply(`There is no request ${id}.`, 'warn');
    if (!who.roles.has('admin')) return reply('You may not decide on this: it takes an admin.', 'warn');
    if (request.status !== 'planned')
      return { kind: 'decided', id, reply: { tone: 'warn', title: `${id} was decided already.`, lines: [] } };
    move(
      id,
      verb === 'approve' ? 'approved' : 'denied',
      verb === 'approve' ? `Approved by ${who.name}.` : `Denied by ${who.name}: ${because}`,
    );
    return { kind: 'decided', id, reply: { tone: 'good', title: `${id}: ${verb} taken.`, lines: [] } };
  };
  /** Moves a request on, as a worker would. */
  function move(id: string, status: Status, line: string): void {
    const request = requests.get(id);
    if (!request) throw new Error(`no ${id}`);
    request.seq += 1;
    request.status = status;
    request.line = line;
  }

  const desk: Desk = {
    async say({ who, text, lead, place, origin, here }) {
      heard.push({ how: 'say', text, who: who.id, place, here, lead, origin });
      return once(origin, () => {
        const [first, second, ...rest] = text.split(/\s+/u);
        if (first === 'builder') return ask(who, { host: rest[0] ?? '', capacity: rest[1] ?? '' });
        if (first === 'approve') return decide(who, second ?? here ?? '', 'approve');
        if (first === 'show')
          return { kind: 'request', id: second ?? here ?? '', isNew: false, queued: true };
        if (first === 'help') return reply('This is what you can ask for.');
        return reply(`I do not know “${first ?? ''}”.`, 'warn');
      });
    },
    async submit({ who, command, given, place, origin }) {
      heard.push({ how: 'submit', text: `${command} ${JSON.stringify(given)}`, who: who.id, place, origin });
      return once(origin, () => ask(who, given));
    },
    async press({ who, verb, request, plan, because, place, origin }) {
      heard.push({
        how: 'press',
        text: `${verb} ${request}:${plan} ${because ?? ''}`,
        who: who.id,
        place,
        origin,
      });
      return once(origin, () => decide(who, request, verb, because));
    },
    async card(id) {
      const request = requests.get(id);
      return request ? drawn(request) : null;
    },
    fill: async () => null,
    recognise: () => [],
    withdraw: async () => false,
    form: (line) => {
      const [first, , host = '', capacity = ''] = line.split(' ');
      return first === 'builder' ? formOf({ host, capacity }) : null;
    },
    menu: () => [
      {
        name: 'builder capacity',
        summary: 'Set how much a builder takes on',
        example: 'builder capacity builder2 8',
      },
    ],
  };
  return { desk, heard, requests, move, broken, last: (id: string) => requests.get(id)?.seq ?? 0 };
}

const ADMIN = { roles: ['admin'], asker: 'as-any', says: 'an admin' } as const;

function drawn(request: Small): Card {
  const { id, seq, status, line, asker, text } = request;
  const ended = status === 'succeeded' || status === 'denied' || status === 'failed';
  const actions: Action[] =
    status === 'planned'
      ? [
          { verb: 'approve', label: 'Approve', style: 'primary', line: `approve ${id}`, may: ADMIN },
          { verb: 'deny', label: 'Deny…', style: 'danger', line: `deny ${id}`, may: ADMIN },
        ]
      : [];
  return cardOf({
    id,
    seq,
    title: text,
    status,
    line,
    actions,
    footer: `${id} · asked by ${asker.name}`,
    plan: 1,
    asker: asker.id,
    steps: [stepOf({ state: status === 'succeeded' ? 'done' : 'todo' })],
    notice: ended
      ? { kind: 'end', key: `end-${status}-1`, text: `${text} (${id}): ${line}` }
      : status === 'planned'
        ? { kind: 'decision', key: 'decision-1', text: `${text} (${id}) waits for an admin.` }
        : null,
  });
}
