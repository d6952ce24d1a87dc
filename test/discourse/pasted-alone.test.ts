import { expect, it } from 'vitest';
import { formOf } from '../../src/core/form.ts';
import { parse } from '../../src/core/parse.ts';
import { scanCommands } from '../../src/core/registry.ts';
import { linesFor } from '../../src/discourse/pasted-alone.ts';
import { PEOPLE } from '../support/kernel.ts';

const registry = await scanCommands(new URL('../../commands/', import.meta.url));
const desk = {
  menu: () => registry.all.map(({ name, summary }) => ({ name, summary, example: name })),
  form: (line: string) => {
    const read = parse(line, registry);
    if (read.kind !== 'command') return null;
    const { command, given, problems } = read;
    return formOf(command.name, command.summary, command.params, given, problems);
  },
};

it('what is pasted without a line to us gets the lines that take it', () => {
  const pasted =
    'Here it is:\n\n-----BEGIN CERTIFICATE REQUEST-----\nMIIC\n-----END CERTIFICATE REQUEST-----';
  expect(linesFor(pasted, PEOPLE.maria, desk)).toEqual(['cert issue csr=…', 'cert renew csr=…']);
  expect(linesFor('-----BEGIN PGP SIGNATURE-----\niQIz', PEOPLE.maria, desk)).toEqual([]);
  expect(linesFor('The certificate, thanks', PEOPLE.maria, desk)).toEqual([]);
});
