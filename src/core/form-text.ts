import { metaOf } from './fields.ts';
import type { Form } from './form.ts';
import type { Registry } from './registry.ts';

/** A form as people fill it in where there are only texts: a forum post. Lines that begin with `#` are for reading. */
export function writeForm(form: Form): string {
  const fields = form.fields.flatMap((field) => [
    `# ${field.title}${field.optional ? ' (may stay empty)' : ''}: ${field.hint} For example ${field.example}`,
    `${field.name}:${field.value ? ` ${field.value}` : ''}`,
  ]);
  return [`ask: ${form.command}`, ...fields].join('\n');
}

/** What somebody has filled in; null where it is no form of ours, or nothing in it is filled in. */
export function readForm(
  text: string,
  registry: Registry,
): { readonly command: string; readonly given: Readonly<Record<string, string>> } | null {
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && line.trim() !== '');
  const command = /^ask:\s*(.+)$/i
    .exec(lines[0] ?? '')?.[1]
    ?.trim()
    .toLowerCase();
  const known = command === undefined ? undefined : registry.get(command);
  if (command === undefined || !known) return null;
  const given: Record<string, string> = {};
  let last = '';
  for (const line of lines.slice(1)) {
    const [, name = '', value = ''] = /^([a-z-]+):\s*(.*)$/i.exec(line) ?? [];
    const field = known.params.shape[name];
    if (field) {
      // What is pasted may have many lines: those below are its own.
      last = metaOf(field).kind === 'text' ? name : '';
      if (value.trim() !== '') given[name] = value.trim();
    } else if (last !== '') given[last] = [given[last], line.trim()].filter(Boolean).join('\n');
  }
  return Object.keys(given).length > 0 ? { command, given } : null;
}
