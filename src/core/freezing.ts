import type { Reply } from './card.ts';
import { readFreeze, writeFreeze } from './freeze.ts';
import { actor, type Person } from './person.ts';
import type { Hints } from './ports.ts';
import type { Store } from './store.ts';

/** Freezes with a reason, or thaws with null. Answers the one who asked, and tells those who decide. */
export function createFreezing(deps: {
  readonly store: Store;
  readonly hints: Hints;
  /** Roles that may. */
  readonly operators: readonly string[];
  readonly tell?: ((said: Reply) => void) | undefined;
  readonly now: () => Date;
}): (who: Person, because: string | null) => Promise<Reply> {
  const { store, now } = deps;
  return async (who, because) => {
    if (!deps.operators.some((role) => who.roles.has(role))) {
      await store.ledger.note('decision-refused', actor(who), { what: because === null ? 'thaw' : 'freeze' });
      return {
        tone: 'bad',
        title: `You may not ${because === null ? 'thaw' : 'freeze'}: that takes one of the ${deps.operators.join('s or ')}s.`,
        lines: [],
      };
    }
    const frozen = await readFreeze(store.notes);
    if (because === null && !frozen) return { tone: 'info', title: 'Nothing is frozen.', lines: [] };
    await writeFreeze(store, actor(who), because, now());
    // Everybody who waits is concerned, and those who decide first of all.
    const told =
      because === null ? `${who.name} thawed everything.` : `${who.name} froze everything: ${because}.`;
    deps.tell?.({
      tone: because === null ? 'good' : 'warn',
      title: told,
      lines: because === null ? ['Runs go on.'] : ['Every run stops at its next step; `thaw` lets it go on.'],
    });
    if (because !== null) {
      const before = frozen ? [`It was frozen already, by ${frozen.by}: ${frozen.because}.`] : [];
      return {
        tone: 'warn',
        title: `Frozen: ${because}.`,
        lines: [...before, 'Every run stops at its next step. People can still ask and approve.'],
        next: ['thaw'],
      };
    }
    const waiting = await store.requests.list({ status: ['approved', 'running'], limit: 200 });
    await Promise.all(
      waiting.map((one) => deps.hints.send({ kind: 'run', request: one.id, round: one.seq })),
    );
    return {
      tone: 'good',
      title: 'Thawed: runs go on.',
      lines: [
        waiting.length === 0
          ? 'None was waiting.'
          : `${waiting.length} ${waiting.length === 1 ? 'request was' : 'requests were'} waiting.`,
      ],
    };
  };
}
