import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** What the app asked for when it was made; the pretend service grants and sends that, and nothing else. */
export interface Manifest {
  readonly scopes: readonly string[];
  /** Events that it hears of: `app_mention`, `message.im`. */
  readonly events: readonly string[];
  /** Slash commands, with the slash. */
  readonly commands: readonly string[];
}

const shape = z.looseObject({
  features: z.looseObject({ slash_commands: z.array(z.looseObject({ command: z.string() })) }),
  oauth_config: z.looseObject({ scopes: z.looseObject({ bot: z.array(z.string()) }) }),
  settings: z.looseObject({ event_subscriptions: z.looseObject({ bot_events: z.array(z.string()) }) }),
});

/** Reads the manifest that people paste when they create the app. */
export function readManifest(): Manifest {
  const text = readFileSync(new URL('../../config/slack-manifest.yaml', import.meta.url), 'utf8');
  const { features, oauth_config, settings } = shape.parse(parse(text));
  return {
    scopes: oauth_config.scopes.bot,
    events: settings.event_subscriptions.bot_events,
    commands: features.slash_commands.map((one) => one.command),
  };
}
