import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from '../../src/core/command.ts';
import { accountName, pasted } from '../../src/core/fields.ts';
import { readForm, writeForm } from '../../src/core/form-text.ts';
import { formOf } from '../../src/core/parse.ts';
import { createRegistry } from '../../src/core/registry.ts';

const params = z.object({
  user: accountName({ title: 'User', hint: 'Somebody.', example: 'pat' }).optional(),
  csr: pasted({ title: 'Request', hint: 'All of it.', example: '-----BEGIN …', named: true }, 500),
});
const command = defineCommand({
  name: 'cert try',
  summary: 'Try',
  params,
  risk: 'read',
  ask: ['admin'],
  examples: ['cert try csr=x'],
  plan: async () => ({ kind: 'answer', title: 'x', verdict: 'ok' }),
});
const registry = createRegistry([command]);
const csr = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB+/==\nuser0123\n-----END CERTIFICATE REQUEST-----';

it('a form as text takes what was pasted on the lines below its field', () => {
  const form = writeForm(formOf('cert try', 'Try', params, {}, {}));
  const filled = form.replace(/^csr:$/m, `csr:\n${csr}`);
  expect(readForm(filled, registry)).toEqual({ command: 'cert try', given: { csr } });
  expect(readForm(form.replace(/^csr:$/m, `csr: ${csr}\nuser: pat`), registry)).toEqual({
    command: 'cert try',
    given: { csr, user: 'pat' },
  });
  expect(readForm(form, registry)).toBeNull();
});

it('a field of one line takes no more than that', () => {
  expect(readForm('ask: cert try\nuser: pat\nand more', registry)).toEqual({
    command: 'cert try',
    given: { user: 'pat' },
  });
});
