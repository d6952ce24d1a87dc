// Bare Bolt, which acknowledges and does nothing else: what ours is compared with. Prints its port.
import type { AddressInfo } from 'node:net';
import { App, HTTPReceiver, LogLevel } from '@slack/bolt';

const [signingSecret = ''] = process.argv.slice(2);
const receiver = new HTTPReceiver({ signingSecret, logLevel: LogLevel.ERROR });
const app = new App({
  receiver,
  logLevel: LogLevel.ERROR,
  authorize: async () => ({ botToken: 'xoxb-none', botId: 'B0', botUserId: 'U0' }),
});
app.command(/.*/, async ({ ack }) => ack());
const server = await app.start({ host: '127.0.0.1', port: 0 });
const address = server.address() as AddressInfo;
process.stdout.write(`${address.port}\n`);
