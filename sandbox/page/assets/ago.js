import { el } from './dom.js';

const DATE = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' });
const DATE_YEAR = new Intl.DateTimeFormat([], { month: 'short', year: 'numeric' });
const MINUTE = 60_000;

/** A moment as forums write it: how long ago, in a few letters. It has to be kept fresh by `refreshAgo`. */
export function agoOf(ms) {
  const at = new Date(ms);
  return el('time', {
    'data-ago': ms,
    datetime: at.toISOString(),
    title: at.toLocaleString(),
    text: short(ms),
  });
}

export function refreshAgo(box) {
  for (const node of box.querySelectorAll('time[data-ago]')) {
    const text = short(Number(node.dataset.ago));
    if (node.textContent !== text) node.textContent = text;
  }
}

function short(ms) {
  const minutes = Math.floor((Date.now() - ms) / MINUTE);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes}m`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h`;
  if (minutes < 30 * 24 * 60) return `${Math.floor(minutes / 60 / 24)}d`;
  const at = new Date(ms);
  return (at.getFullYear() === new Date().getFullYear() ? DATE : DATE_YEAR).format(at);
}
