import type { View } from '../../src/core/command.ts';
import type { Step } from '../../src/core/plan.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { listBuilders } from '../builders.ts';
import { type Place, type PlaceSeen, placesOf } from '../certificates/places.ts';
import { placeOf, type Settings } from '../certificates/settings.ts';

const STATES = { new: 'done', old: 'open', unseen: 'not looked at', hand: 'by hand' } as const;

/** A place's state in the words of a table. */
export const stateText = (state: PlaceSeen['state']): string => STATES[state];

/**
 * A step for each place that has not been seen with the new file: all of them before there is one (`seen` null). What a step
 * says never changes with what was seen, because that is what people approved.
 */
export async function placeSteps(
  seen: readonly PlaceSeen[] | null,
  settings: Settings,
  view: View,
): Promise<readonly Step[]> {
  const open = placesOf(settings).filter(
    ({ name }) => !seen?.some(({ place, state }) => place.name === name && state === 'new'),
  );
  const builders = open.some(({ name }) => name === 'builders') ? await buildersText(view) : null;
  return open.map((place) => {
    const found = seen?.find((one) => one.place.name === place.name);
    return {
      key: `place:${place.name}`,
      title: `New CA file: ${place.name}`,
      kind: 'set',
      effect: { kind: 'hand', what: whatOf(place, settings) },
      changes: [{ what: `CA file at ${place.name}`, before: 'the old one', after: 'the new one' }],
      evidence: [
        { label: 'done when', value: doneWhen(place) },
        ...(found ? [{ label: 'seen', value: found.found }] : []),
        ...(place.name === 'builders' && builders !== null ? [{ label: 'builders', value: builders }] : []),
      ],
      guards: [],
    };
  });
}

/** What to do at the places that Koji's guide has. */
function usualWords(name: string, { client }: Settings): string | null {
  switch (name) {
    case 'hub':
      return 'It is what SSLCACertificateFile of the hub’s httpd names; then reload httpd. A Steward that logs in there has it as hub.ca.';
    case 'web':
      return 'It is what SSLCACertificateFile of its httpd names, and KojiHubCA in kojiweb’s web.conf; then reload httpd.';
    case 'builders':
      return 'It is what serverca in kojid.conf names, on each; then restart kojid, as `builder restart` does. kojira has it too.';
    case 'users':
      return `Tell everybody who logs in: save what \`ca file\` shows as ${client.ca}. The web interface’s users import it in their browser.`;
    default:
      return null;
  }
}

function whatOf({ name, host, file, what }: Place, settings: Settings): string {
  const from = `${placeOf(settings.certificate, settings)} of the CA’s host (\`ca file\` shows it)`;
  const copy =
    host === undefined || file === undefined
      ? name === 'users'
        ? []
        : [`Put ${from} in the place of the old one.`]
      : [`Put ${from} onto ${host} as ${file}, mode 644, in the place of the old one.`];
  return [...copy, what ?? usualWords(name, settings) ?? ''].join(' ').trim();
}

function doneWhen({ host, file, tls }: Place): string {
  const parts = [
    ...(file === undefined ? [] : [`${file} on ${host} is seen to be it`]),
    ...(tls === undefined ? [] : [`a handshake with ${tls} verifies with it alone`]),
  ];
  return file === undefined
    ? [...parts, 'somebody who may approve says so'].join(', or ')
    : parts.join(', and ');
}

async function buildersText(view: View): Promise<string | null> {
  try {
    return (await listBuilders(view)).map(({ name }) => name).join(', ');
  } catch (error) {
    // Whose CA has ended lets nobody in, Steward neither.
    if (error instanceof Refused || error instanceof Unavailable) return null;
    throw error;
  }
}
