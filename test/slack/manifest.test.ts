import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { SCOPES } from '../../src/slack/examine.ts';

const METHODS = '../shared/contracts/slack/method-tiers-scopes.json';
const manifest = z
  .looseObject({
    features: z.looseObject({ shortcuts: z.array(z.looseObject({ callback_id: z.string() })) }),
    oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }),
    settings: z.looseObject({ event_subscriptions: z.looseObject({ bot_events: z.array(z.string()) }) }),
  })
  .parse(parse(readFileSync('config/slack-manifest.yaml', 'utf8')));
const granted = manifest.oauth_config.scopes.bot;
const source = readdirSync('src/slack')
  .map((name) => readFileSync(`src/slack/${name}`, 'utf8'))
  .join('\n');
const used = [
  ...new Set(
    source.match(/(?<=')(?:chat|views|users|usergroups|conversations|auth|apps)\.[a-zA-Z.]+(?=')/gu),
  ),
];

/** Which of a method's scopes the bot has use for: those of direct messages only where it has one. */
const enough = (scopes: readonly string[]) =>
  scopes.length === 0 || scopes.some((scope) => granted.includes(scope));

describe('the app’s manifest', () => {
  it('asks for exactly the scopes that the doctor checks', () => {
    expect([...granted].sort()).toEqual(Object.keys(SCOPES).sort());
  });

  it('subscribes to the events that are routed, and to no messages in channels', () => {
    const routed = [...source.matchAll(/app\.event\('([a-z_]+)'/gu)].map((match) => match[1]);
    const subscribed = manifest.settings.event_subscriptions.bot_events.map((event) =>
      event.replace('message.im', 'message'),
    );
    expect([...subscribed].sort()).toEqual([...routed].sort());
  });

  it('uses Socket Mode, and names the one address of the HTTP variant three times', () => {
    const text = readFileSync('config/slack-manifest.yaml', 'utf8');
    expect(manifest.settings).toMatchObject({ socket_mode_enabled: true, token_rotation_enabled: false });
    expect(text.match(/# (?:request_)?url: https:\/\/steward\.example\.org\/slack\/events/gu)).toHaveLength(
      3,
    );
  });

  it.skipIf(!existsSync(METHODS))(
    'covers every Web API method that is used (skipped where ../shared/contracts is absent)',
    () => {
      const methods = z
        .record(
          z.string(),
          z.looseObject({
            scopes: z
              .looseObject({ bot: z.array(z.looseObject({ name: z.string() })).optional() })
              .optional(),
          }),
        )
        .parse(JSON.parse(readFileSync(METHODS, 'utf8')));
      expect(used).toContain('chat.postMessage');
      expect(used.length).toBeGreaterThan(10);
      for (const method of used) {
        const known = methods[method];
        expect(known, method).toBeDefined();
        expect(enough((known?.scopes?.bot ?? []).map((scope) => scope.name)), method).toBe(true);
      }
    },
  );
});
