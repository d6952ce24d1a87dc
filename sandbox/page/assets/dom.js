/** Makes an element. Text only ever goes in as text; attributes are ours. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'text') node.textContent = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Only addresses that cannot run anything. */
export function safeUrl(url) {
  return /^(?:https?:\/\/|mailto:)/i.test(url) ? url : null;
}

/**
 * Makes `parent` hold one element for each item, in order. Elements of unchanged items stay as they are;
 * `draw(item, before)` makes the others.
 */
export function keep(parent, items, keyOf, draw) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item, index) => {
    const key = String(keyOf(item, index));
    const state = JSON.stringify(item);
    const before = old.get(key);
    if (before !== undefined && before.drawnFrom === state) return before;
    const node = draw(item, before, index);
    node.dataset.key = key;
    node.drawnFrom = state;
    return node;
  });
  if (
    nodes.length === parent.children.length &&
    nodes.every((node, index) => parent.children[index] === node)
  )
    return false;
  const inside =
    document.activeElement !== null && parent.contains(document.activeElement)
      ? document.activeElement
      : null;
  const focusKey = inside?.dataset.focus;
  parent.replaceChildren(...nodes);
  if (inside !== null && document.activeElement !== inside) {
    if (parent.contains(inside)) inside.focus();
    else if (focusKey !== undefined)
      [...parent.querySelectorAll('[data-focus]')].find((node) => node.dataset.focus === focusKey)?.focus();
  }
  return true;
}

let toastTimer;

/** Says something for a moment. */
export function toast(text) {
  const box = document.getElementById('toast');
  box.textContent = text;
  box.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove('shown'), 5000);
}
