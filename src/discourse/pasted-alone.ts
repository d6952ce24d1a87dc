import type { Desk } from '../core/desk.ts';
import { PEM_EXACT } from '../core/pem.ts';
import type { Person } from '../core/person.ts';

/** Lines that take what somebody has pasted without saying a line to us; none where nothing was, or nothing takes it. */
export function linesFor(raw: string, who: Person, desk: Pick<Desk, 'menu' | 'form'>): readonly string[] {
  const begins = PEM_EXACT.exec(raw)?.[0];
  if (begins === undefined) return [];
  return desk.menu(who).flatMap(({ name }) => {
    const field = desk.form(name)?.fields.find(({ example }) => example.startsWith(begins));
    return field ? [`${name} ${field.name}=…`] : [];
  });
}
