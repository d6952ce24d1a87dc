import { el, keep } from './dom.js';
import { icon } from './icons.js';
import { avatar } from './messages.js';

/** Who you are: a radio group with one stop for the keyboard. */
export function drawPeople(box, people, me, choose) {
  keep(
    box,
    people.map((person) => ({ ...person, me: person.id === me })),
    (person) => person.id,
    (person) =>
      el(
        'button',
        {
          type: 'button',
          class: person.me ? 'person me' : 'person',
          role: 'radio',
          'aria-checked': String(person.me),
          tabindex: person.me ? '0' : '-1',
          'data-focus': `person-${person.me ? 'me' : person.id}`,
          'data-person': person.id,
          title: person.realName,
          // On a phone only the picture is shown.
          'aria-label': `${person.name} ${person.title}${person.waiting > 0 && !person.me ? `, ${person.waiting} new mentions` : ''}`,
          onclick: () => choose(person.id),
          onkeydown: (event) => {
            const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
            if (step === undefined) return;
            event.preventDefault();
            const at = people.findIndex((one) => one.id === person.id);
            choose(people[(at + step + people.length) % people.length].id);
          },
        },
        avatar(person, 'small'),
        el(
          'span',
          { class: 'person-text' },
          el('span', { class: 'person-name', text: person.name }),
          el('span', { class: 'person-title', text: person.title }),
        ),
        person.waiting > 0 && !person.me ? count(person.waiting, 'mentions') : null,
      ),
  );
}

const count = (number, what) =>
  el('span', { class: 'count', 'aria-label': `${number} new ${what}`, text: String(number) });

/** What stands before a place's name. */
export function sign(kind) {
  const text = { channel: '#', im: '@', home: '⌂' }[kind];
  return el(
    'span',
    { class: `sign sign-${kind}`, 'aria-hidden': 'true', text },
    kind === 'messages' ? icon('mail') : null,
  );
}

/** Groups of places. `current`: the ids of those that are shown. */
export function drawPlaces(box, groups, current, open) {
  keep(
    box,
    groups.map((group) => ({ ...group, current })),
    (group) => group.title,
    (group) =>
      el(
        'section',
        { class: 'side-group' },
        el('h2', { text: group.title }),
        el(
          'ul',
          {},
          ...group.places.map((place) =>
            el(
              'li',
              {},
              el(
                'button',
                {
                  type: 'button',
                  class: ['place', current.includes(place.id) && 'current', place.unread && 'unread']
                    .filter(Boolean)
                    .join(' '),
                  'aria-current': current.includes(place.id) ? 'page' : undefined,
                  'data-focus': `place-${place.id}`,
                  'data-place': place.id,
                  onclick: () => open(place.id),
                },
                sign(place.kind),
                el('span', { class: 'place-label', text: place.name }),
                place.pings > 0 ? count(place.pings, place.news ?? 'mentions') : null,
              ),
            ),
          ),
        ),
      ),
  );
}

export function drawWorld(box, boxes) {
  box.hidden = boxes.length === 0;
  keep(
    box,
    boxes,
    (one) => one.title,
    (one, before) => {
      const old = new Map(
        [...(before?.querySelectorAll('[data-row]') ?? [])].map((node) => [
          node.dataset.row,
          node.dataset.value,
        ]),
      );
      return el(
        'section',
        { class: 'world-box' },
        el('h2', { text: one.title }),
        el(
          'dl',
          {},
          ...one.rows.map((row) =>
            el(
              'div',
              {
                'data-row': row.label,
                'data-value': row.value,
                class: old.has(row.label) && old.get(row.label) !== row.value ? 'changed' : undefined,
              },
              el(
                'dt',
                {},
                row.tone === undefined
                  ? null
                  : el('span', { class: `dot dot-${row.tone}`, 'aria-hidden': 'true' }),
                row.label,
              ),
              el(
                'dd',
                {},
                el('strong', { text: row.value }),
                row.note === undefined ? null : el('span', { class: 'quiet', text: row.note }),
              ),
            ),
          ),
        ),
      );
    },
  );
}
