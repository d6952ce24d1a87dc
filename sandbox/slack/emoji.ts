/** The shortcodes that people and the bot use here, as characters for a terminal. */
const EMOJI: Readonly<Record<string, string>> = {
  white_check_mark: '✓',
  heavy_check_mark: '✓',
  x: '✗',
  warning: '⚠',
  hourglass_flowing_sand: '⏳',
  hourglass: '⏳',
  no_entry: '⛔',
  white_circle: '○',
  large_green_circle: '●',
  large_yellow_circle: '●',
  red_circle: '●',
  lock: '🔒',
  bell: '🔔',
  wave: '👋',
  eyes: '👀',
  '+1': '👍',
  thumbsup: '👍',
  tada: '🎉',
  rocket: '🚀',
  information_source: 'ℹ',
  question: '?',
  arrow_right: '→',
  snowflake: '❄',
};

export function emojiText(name: string): string {
  return EMOJI[name] ?? `:${name}:`;
}
