const NS = 'http://www.w3.org/2000/svg';

/** Path, tone, what it means. Drawn here, so that it looks the same on a machine without emoji fonts. */
const ICONS = {
  done: ['good', 'done', 'disc', 'M7.5 12.4l3 3 6-6.600'],
  check: ['good', 'yes', '', 'M5.500 12.800l4.200 4.200L18.500 7.500'],
  fail: ['bad', 'failed', 'disc', 'M8.500 8.500l7 7m0-7l-7 7'],
  cross: ['bad', 'no', '', 'M6.500 6.500l11 11m0-11l-11 11'],
  busy: ['busy', 'in progress', '', 'M12 4a8 8 0 1 1-7.600 5.500'],
  ring: ['idle', 'to do', '', 'M12 4.500a7.500 7.500 0 1 0 0 15a7.500 7.500 0 1 0 0-15'],
  wait: ['warn', 'waits', 'disc', 'M9.700 8.500v7m4.600-7v7'],
  ask: [
    'warn',
    'not known',
    'disc',
    'M9.300 9.600c0-3.700 5.600-3.500 5.600-.3 0 2-2.700 2.100-2.700 4.200m0 2.800v.1',
  ],
  ban: ['bad', 'refused', '', 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M6.500 6.500l11 11'],
  stop: ['idle', 'cancelled', 'disc', 'M9 9h6v6H9z'],
  warning: ['warn', 'warning', '', 'M12 4.500l8.500 14.700h-17zM12 10.300v4.200m0 2.400v.1'],
  red: ['bad', 'bad', 'disc', ''],
  yellow: ['warn', 'warning', 'disc', ''],
  green: ['good', 'good', 'disc', ''],
  info: ['busy', 'note', 'disc', 'M12 11v5.500m0-8.600v.1'],
  talk: ['busy', 'answer', '', 'M5 6h14v9.500h-7l-4.500 3.500v-3.500H5z'],
  lock: ['idle', 'locked', '', 'M6.500 11h11v8h-11zM9 11V8.500a3 3 0 0 1 6 0V11'],
  pin: ['idle', 'pinned', '', 'M9 4.500h6l-.8 6 2.800 3.500H7l2.800-3.500zM12 14v6'],
  file: ['idle', 'file', '', 'M7 4.500h7l4 4V19.500H7zM13.500 4.800V9H18M9.800 12.500h5.400m-5.400 3h5.400'],
  mail: ['idle', 'message', '', 'M4 6.500h16v11H4zM4.500 7.200l7.500 6 7.500-6'],
  snow: ['busy', 'frozen', '', 'M12 4v16M5 8l14 8M19 8L5 16'],
};

/** Characters and shortcodes that have an icon here. */
const CHARACTERS = {
  '✅': 'done',
  '✓': 'check',
  '✔': 'check',
  '❌': 'fail',
  '✗': 'cross',
  '✘': 'cross',
  '⏳': 'busy',
  '⌛': 'stop',
  '○': 'ring',
  '✋': 'wait',
  '❓': 'ask',
  '🚫': 'ban',
  '⛔': 'ban',
  '⏹': 'stop',
  '⚠': 'warning',
  '🔴': 'red',
  '🟡': 'yellow',
  '🟢': 'green',
  ℹ: 'info',
  '💬': 'talk',
  '🔒': 'lock',
  '❄': 'snow',
  '🧊': 'snow',
};
const CODES = {
  white_check_mark: 'done',
  heavy_check_mark: 'check',
  x: 'fail',
  hourglass_flowing_sand: 'busy',
  hourglass: 'busy',
  white_circle: 'ring',
  raised_hand: 'wait',
  question: 'ask',
  no_entry_sign: 'ban',
  no_entry: 'ban',
  warning: 'warning',
  red_circle: 'red',
  large_yellow_circle: 'yellow',
  large_green_circle: 'green',
  information_source: 'info',
  speech_balloon: 'talk',
  lock: 'lock',
  snowflake: 'snow',
};
const GLYPHS = {
  '+1': '👍',
  thumbsup: '👍',
  wave: '👋',
  eyes: '👀',
  tada: '🎉',
  rocket: '🚀',
  bell: '🔔',
  arrow_right: '→',
};

/** Splits a text into strings and icon names. */
const PATTERN = new RegExp(`(${Object.keys(CHARACTERS).join('|')})\\uFE0F?`, 'gu');

export function iconIn(text) {
  const match = new RegExp(`^(${Object.keys(CHARACTERS).join('|')})\\uFE0F?\\s+`, 'u').exec(text);
  return match === null ? null : { name: CHARACTERS[match[1]], length: match[0].length };
}

export function icon(name) {
  const [tone, label, disc, path] = ICONS[name];
  const svg = document.createElementNS(NS, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon tone-${tone} icon-${name}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  if (disc) {
    const circle = document.createElementNS(NS, 'circle');
    for (const [key, value] of Object.entries({ cx: 12, cy: 12, r: 9, class: 'disc' }))
      circle.setAttribute(key, value);
    svg.append(circle);
  }
  if (path) {
    const line = document.createElementNS(NS, 'path');
    line.setAttribute('d', path);
    svg.append(line);
  }
  return svg;
}

/** A text with its icons drawn. */
export function withIcons(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(PATTERN)) {
    if (match.index > from) nodes.push(text.slice(from, match.index));
    nodes.push(icon(CHARACTERS[match[1]]));
    from = match.index + match[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

export function emoji(name) {
  return CODES[name] === undefined ? document.createTextNode(GLYPHS[name] ?? `:${name}:`) : icon(CODES[name]);
}
