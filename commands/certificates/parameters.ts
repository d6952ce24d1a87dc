import { accountName, pasted } from '../../src/core/fields.ts';

/** Whose certificate it is to be. */
export const forField = (hint: string) =>
  accountName({
    title: 'For',
    hint: `Somebody else’s Koji user; left out: your own. ${hint}`,
    example: 'toni',
    named: true,
  });

/** The signing request, as it was made. */
export const csrField = (hint: string) =>
  pasted(
    {
      title: 'Signing request (CSR)',
      hint: `${hint}All of the .csr file, never the key. Left out: how to make one.`,
      example: '-----BEGIN CERTIFICATE REQUEST----- …',
      named: true,
    },
    16_000,
  );
