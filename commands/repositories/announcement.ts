import type { Step } from '../../src/core/plan.ts';
import type { Settings } from './settings.ts';

/** The step that tells whom the config names, because of these steps; none where it names nobody. */
export function announcement(
  title: string,
  text: string,
  follows: readonly string[],
  { announce }: Settings,
): readonly Step[] {
  if (!announce || follows.length === 0) return [];
  const { audience } = announce;
  return [
    {
      key: 'announce',
      title: `Tell ${audience}`,
      kind: 'once',
      effect: { kind: 'notice', audience, title, text: `${text}\n${announce.text}` },
      changes: [],
      evidence: [],
      guards: [],
      follows,
    },
  ];
}
