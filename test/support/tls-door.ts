import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * A TLS server set up as Koji's httpd is: nobody comes in without a certificate of the CA that is good today and not on
 * the list of revoked ones (SSLVerifyClient require, SSLCARevocationFile). It answers with the CN, as the hub takes it.
 */
export async function startDoor(options: {
  readonly ca: string;
  readonly crl: string;
  readonly server: { readonly cert: string; readonly key: string };
}) {
  const { ca, server: own } = options;
  // A file may have a list for each CA, and Node reads one of each text.
  const crl = options.crl.match(/-----BEGIN X509 CRL-----[\s\S]+?-----END X509 CRL-----/g) ?? [];
  const server = createServer(
    { ...own, ca, crl, requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' },
    (incoming, outgoing) => {
      const socket = incoming.socket as { getPeerCertificate?: () => { subject?: { CN?: string } } };
      outgoing.end(socket.getPeerCertificate?.().subject?.CN ?? '');
    },
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    /** As a place of the config names it. */
    address: `127.0.0.1:${port}`,
    /** Whom the server greets; `turned away` where the handshake fails. */
    knock: (cert: string, key: string): Promise<string> =>
      new Promise((resolve) => {
        const going = request(
          {
            host: '127.0.0.1',
            port,
            cert,
            key,
            ca,
            agent: false,
            maxVersion: 'TLSv1.2',
            checkServerIdentity: () => undefined,
            rejectUnauthorized: false,
            timeout: 10_000,
          },
          (incoming) => {
            let text = '';
            incoming.on('data', (chunk) => {
              text += chunk;
            });
            incoming.on('end', () => resolve(text));
          },
        );
        going.on('error', () => resolve('turned away'));
        going.end();
      }),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
