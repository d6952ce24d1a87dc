import { anyOf } from '../../src/core/recognise.ts';

/** How people call client certificates in posts. */
export const CERTIFICATE_WORDS = anyOf(`cert, certs, certificate, certificates`);

/** What is near when another certificate than one of Koji's CA is meant. */
export const OTHER_CERTIFICATES =
  anyOf(`rfc, proposal, propose, puppet, katello, foreman-proxy, smart proxy, smart-proxy,
  let s encrypt, lets encrypt, website, jenkins, gpg`);
