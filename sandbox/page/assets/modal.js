import { el } from './dom.js';
import { blocks, pieces } from './draw.js';

/** Draws an open view as a dialog; keeps what was typed while only the errors change. */
export function createModal(dialog, { submit, close, press }) {
  let shown = null;

  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    if (shown !== null) void close(shown.id);
  });

  return (view) => {
    if (view === null) {
      shown = null;
      dialog.close();
      dialog.replaceChildren();
      return;
    }
    if (shown?.id === view.id && shown.hash === view.hash) {
      showErrors(dialog, view.errors);
      shown = view;
      return;
    }
    shown = view;
    const send =
      view.submit === ''
        ? null
        : el('button', { type: 'submit', class: 'button primary', text: view.submit });
    const form = el(
      'form',
      {
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          send.disabled = true;
          form.classList.add('sending');
          await submit(view.id, valuesOf(form, view.blocks));
          send.disabled = false;
          form.classList.remove('sending');
        },
      },
      el(
        'div',
        { class: 'modal-head' },
        el('h2', { id: 'modal-title', text: view.title }),
        el('button', {
          type: 'button',
          class: 'icon-button',
          'aria-label': 'Close',
          onclick: () => close(view.id),
          text: '×',
        }),
      ),
      el('div', { class: 'modal-body' }, ...view.blocks.flatMap((block) => drawOne(block, view, press))),
      el(
        'div',
        { class: 'modal-foot' },
        el('button', { type: 'button', class: 'button', onclick: () => close(view.id), text: view.close }),
        send,
      ),
    );
    dialog.replaceChildren(form);
    if (!dialog.open) dialog.showModal();
    showErrors(dialog, view.errors);
    dialog.querySelector('[data-field]')?.focus();
  };
}

function drawOne(block, view, press) {
  if (block.kind === 'input') return [input(block)];
  return blocks([block], (control, pick) => press(view.id, control, pick));
}

function input(block) {
  const id = `field-${block.id}`;
  const { control } = block;
  const described = `${id}-hint ${id}-error`;
  const label = [block.label, block.optional ? el('span', { class: 'quiet', text: ' (optional)' }) : null];
  const hint = el('p', { class: 'hint', id: `${id}-hint`, text: block.hint });
  const error = el('p', { class: 'error', id: `${id}-error`, role: 'alert' });
  if (
    control.type === 'checkboxes' ||
    control.type === 'radio_buttons' ||
    control.type === 'multi_static_select'
  ) {
    const type = control.type === 'radio_buttons' ? 'radio' : 'checkbox';
    const choices = control.options.map((option) =>
      el(
        'label',
        { class: 'choice' },
        el('input', {
          type,
          name: id,
          value: option.value,
          checked: control.chosen.includes(option.value),
          'data-field': block.id,
        }),
        el(
          'span',
          {},
          option.text,
          option.description === '' ? null : el('small', { class: 'quiet', text: option.description }),
        ),
      ),
    );
    return el(
      'fieldset',
      { class: 'field', 'data-block': block.id, 'aria-describedby': described },
      el('legend', {}, ...label.filter(Boolean)),
      ...choices,
      hint,
      error,
    );
  }
  const shared = {
    id,
    'data-field': block.id,
    'aria-describedby': described,
    'aria-required': block.optional ? undefined : 'true',
  };
  let node;
  if (control.type === 'static_select')
    node = el(
      'select',
      shared,
      el('option', { value: '', text: control.placeholder || 'Choose' }),
      ...control.options.map((option) =>
        el('option', {
          value: option.value,
          text: option.text,
          selected: control.chosen.includes(option.value),
        }),
      ),
    );
  else if (control.multiline) {
    node = el('textarea', { ...shared, rows: '4', placeholder: control.placeholder });
    node.value = control.value;
  } else {
    const type = control.type === 'datepicker' ? 'date' : 'text';
    node = el('input', {
      ...shared,
      type,
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder: control.placeholder,
    });
    node.value = control.value;
  }
  return el(
    'div',
    { class: 'field', 'data-block': block.id },
    el('label', { for: id }, ...label.filter(Boolean)),
    node,
    hint,
    error,
  );
}

function showErrors(dialog, errors) {
  let first = null;
  for (const field of dialog.querySelectorAll('[data-block]')) {
    const said = errors[field.dataset.block] ?? '';
    field.querySelector('.error').textContent = said;
    field.classList.toggle('wrong', said !== '');
    for (const node of field.querySelectorAll('[data-field]')) {
      if (said === '') node.removeAttribute('aria-invalid');
      else node.setAttribute('aria-invalid', 'true');
      if (said !== '') first ??= node;
    }
  }
  first?.focus();
}

function valuesOf(form, list) {
  const values = {};
  for (const block of list.filter((one) => one.kind === 'input')) {
    const nodes = [...form.querySelectorAll('[data-field]')].filter(
      (node) => node.dataset.field === block.id,
    );
    const several = nodes[0]?.type === 'checkbox' || nodes[0]?.type === 'radio';
    values[block.id] = several
      ? nodes.filter((node) => node.checked).map((node) => node.value)
      : (nodes[0]?.value ?? '');
    if (!several && block.control.options.length > 0 && values[block.id] === '') delete values[block.id];
  }
  return values;
}

/** The dialog that some buttons ask for. True: yes. */
export function askToConfirm(dialog, { confirm, style }) {
  return new Promise((resolve) => {
    const end = (yes) => {
      dialog.close();
      resolve(yes);
    };
    const yes = el('button', {
      type: 'button',
      class: `button ${confirm.style === 'danger' || style === 'danger' ? 'danger filled' : 'primary'}`,
      onclick: () => end(true),
      text: confirm.yes,
    });
    dialog.oncancel = (event) => {
      event.preventDefault();
      end(false);
    };
    dialog.replaceChildren(
      el('div', { class: 'modal-head' }, el('h2', { id: 'confirm-title', text: confirm.title })),
      el('div', { class: 'modal-body' }, el('p', {}, ...pieces(confirm.pieces))),
      el(
        'div',
        { class: 'modal-foot' },
        el('button', { type: 'button', class: 'button', onclick: () => end(false), text: confirm.no }),
        yes,
      ),
    );
    dialog.showModal();
    yes.focus();
  });
}
