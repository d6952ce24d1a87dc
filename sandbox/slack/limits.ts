/** Sizes that the service enforces, in characters or items, from its public documentation. */
export const LIMITS = {
  messageBlocks: 50,
  viewBlocks: 100,
  /** `chat.postMessage` cuts a longer text; `chat.update` refuses one over `updateText`. */
  messageText: 40_000,
  updateText: 4000,
  blockId: 255,
  actionId: 255,
  sectionText: 3000,
  sectionFields: 10,
  fieldText: 2000,
  headerText: 150,
  contextElements: 10,
  contextText: 3000,
  actionsElements: 25,
  buttonText: 75,
  buttonValue: 2000,
  url: 3000,
  optionText: 75,
  optionValue: 150,
  selectOptions: 100,
  overflowOptions: 5,
  checkOptions: 10,
  placeholder: 150,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  inputLabel: 2000,
  inputHint: 2000,
  inputValue: 3000,
  markdownText: 12_000,
  tableRows: 100,
  tableColumns: 20,
  /** All texts of a message's blocks together, each block and element counting `blockOverhead` more: seen in the field (bolt-js issues 2509, 2867), in no reference. */
  messageBlocksText: 13_200,
  blockOverhead: 30,
  /** All cells of a message's table together. */
  tableText: 10_000,
  imageAlt: 2000,
  viewTitle: 24,
  viewButton: 24,
  callbackId: 255,
  privateMetadata: 3000,
  viewStack: 3,
  viewBytes: 250_000,
} as const;

/** How often a method may be called: a bucket of `burst` that fills up again with `perMinute`. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
}

const tier = (perMinute: number): Rate => ({ perMinute, burst: perMinute });

export const TIER_2 = tier(20);
export const TIER_3 = tier(50);
export const TIER_4 = tier(100);
/** `auth.test` and `chat.getPermalink`: hundreds a minute. */
export const TIER_SPECIAL = tier(600);
/** `chat.postMessage`: one a second in each channel, short bursts tolerated. */
export const POST_PER_CHANNEL: Rate = { perMinute: 60, burst: 4 };
/** `chat.postMessage`: all channels together. */
export const POST_PER_WORKSPACE: Rate = { perMinute: 300, burst: 60 };
/** How long a `trigger_id` opens a modal. */
export const TRIGGER_MS = 3000;
export const RESPONSE_URL_USES = 5;
export const RESPONSE_URL_MS = 30 * 60_000;
/** Connections that one app may hold in Socket Mode. */
export const SOCKETS = 10;
