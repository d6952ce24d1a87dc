import { spawn, spawnSync } from 'node:child_process';
import { openSync, read, writeSync } from 'node:fs';

// Holds one FUSE mount that answers nothing: started by hung-mount.ts with AT SOURCE HOW LIFE_MS. Speaks the kernel's
// FUSE protocol itself, as far as it goes: only the first message (INIT) is ever answered.

const [at = '', source = '', how = '', life = '0'] = process.argv.slice(2);
const INIT = 26;
const fuse = openSync('/dev/fuse', 'r+');

const mount = spawnSync(
  'mount',
  ['-i', '-t', 'fuse.nfs', '-o', 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other', source, at],
  { stdio: ['ignore', 'ignore', 'inherit', fuse], timeout: 10_000 },
);
if (mount.status !== 0) process.exit(1);

/** A read of /dev/fuse cannot be called off, so only SIGKILL ends this process; somebody else unmounts. */
function end(): void {
  spawn('sh', ['-c', 'sleep 0.3; exec umount -l "$1"', 'sh', at], {
    detached: true,
    stdio: 'ignore',
  }).unref();
  process.kill(process.pid, 'SIGKILL');
}

setTimeout(end, Number(life));
process.stdin.on('end', end);
process.stdin.on('error', end);
process.stdin.resume();

// Killable: not even INIT is read, and callers queue up before it. Unkillable: their requests are read, and kept.
if (how === 'unkillable') swallow();
else process.stdout.write('mounted\n');

function swallow(): void {
  const message = Buffer.alloc(256 * 1024);
  read(fuse, message, 0, message.length, null, (error, length) => {
    if (error) return end();
    if (length >= 40 && message.readUInt32LE(4) === INIT) {
      writeSync(fuse, initReply(message.readBigUInt64LE(8), message.readUInt32LE(44)));
      process.stdout.write('mounted\n');
    }
    swallow();
  });
}

/** struct fuse_out_header and struct fuse_init_out, in the byte order of every machine this runs on. */
function initReply(unique: bigint, minor: number): Buffer {
  const reply = Buffer.alloc(16 + 64);
  reply.writeUInt32LE(reply.length, 0);
  reply.writeBigUInt64LE(unique, 8);
  reply.writeUInt32LE(7, 16);
  reply.writeUInt32LE(Math.min(minor, 31), 20);
  reply.writeUInt16LE(16, 32);
  reply.writeUInt16LE(12, 34);
  reply.writeUInt32LE(4096, 36);
  reply.writeUInt32LE(1, 40);
  return reply;
}
