import { createHmac } from 'node:crypto';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { fingerprint, keyType, parseKnownHosts } from '../../src/hosts/known-hosts.ts';

const made = (type: 'ed25519' | 'ecdsa') => {
  const { public: line } =
    type === 'ecdsa'
      ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })
      : ssh2.utils.generateKeyPairSync('ed25519');
  const [name = '', base64 = ''] = line.split(' ');
  return { line: `${name} ${base64}`, key: Buffer.from(base64, 'base64') };
};
const one = made('ed25519');
const two = made('ed25519');
const curve = made('ecdsa');

const judge = (text: string, address = 'builder1', port = 22, key = one.key) =>
  parseKnownHosts(text).keysOf(address, port, 'alias1').judge(key);

describe('known_hosts', () => {
  it('tells a known key from an unknown host and a changed key', () => {
    expect(judge(`builder1 ${one.line}`)).toBe('known');
    expect(judge(`builder1,10.0.0.1 ${one.line} a comment`, '10.0.0.1')).toBe('known');
    expect(judge(`builder2 ${one.line}`)).toBe('unknown');
    expect(judge(`builder1 ${two.line}`)).toBe('changed');
    expect(judge(`builder1 ${two.line}\nbuilder1 ${one.line}`)).toBe('known');
  });

  it('wants [host]:port for a port that is not 22', () => {
    expect(judge(`[builder1]:2222 ${one.line}`, 'builder1', 2222)).toBe('known');
    expect(judge(`builder1 ${one.line}`, 'builder1', 2222)).toBe('unknown');
    expect(judge(`[builder1]:2222 ${one.line}`)).toBe('unknown');
  });

  it('reads hashed names', () => {
    const salt = Buffer.from('0123456789abcdef0123');
    const hash = createHmac('sha1', salt).update('[builder1]:2222').digest('base64');
    const line = `|1|${salt.toString('base64')}|${hash} ${one.line}`;
    expect(judge(line, 'builder1', 2222)).toBe('known');
    expect(judge(line, 'builder2', 2222)).toBe('unknown');
  });

  it('reads patterns and exceptions from them', () => {
    expect(judge(`builder? ${one.line}`)).toBe('known');
    expect(judge(`*.example.org,!b9.example.org ${one.line}`, 'b1.example.org')).toBe('known');
    expect(judge(`*.example.org,!b9.example.org ${one.line}`, 'b9.example.org')).toBe('unknown');
    expect(judge(`b.example.org ${one.line}`, 'bxexample.org')).toBe('unknown');
    expect(judge(`BUILDER1 ${one.line}`, 'Builder1')).toBe('known');
  });

  it('refuses a revoked key even if another line knows it', () => {
    expect(judge(`builder1 ${one.line}\n@revoked * ${one.line}`)).toBe('revoked');
    expect(judge(`@revoked * ${one.line}`, 'builder1', 22, two.key)).toBe('unknown');
  });

  it('uses the name in the config where the address is not in the file', () => {
    expect(judge(`alias1 ${one.line}`)).toBe('known');
    expect(judge(`alias1 ${one.line}\nbuilder1 ${two.line}`)).toBe('changed');
  });

  it('asks only for the types of key that it knows, the best first', () => {
    const keys = parseKnownHosts(`builder1 ${curve.line}\nbuilder1 ${one.line}`).keysOf('builder1', 22, '');
    expect(keys.types).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256']);
  });

  it('passes over comments, rubbish, authorities and lines whose key is not what they say', () => {
    const text = [
      '# comment',
      '',
      'builder1',
      'builder1 ssh-ed25519',
      `builder1 ssh-rsa ${one.line.split(' ')[1]}`,
      `@cert-authority * ${one.line}`,
      'builder1 ssh-ed25519 !!!',
    ].join('\r\n');
    expect(judge(text)).toBe('unknown');
    expect(judge(`${text}\r\nbuilder1 ${one.line}\r`)).toBe('known');
  });

  it('shows a fingerprint as ssh-keygen does', () => {
    const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f', 'base64');
    expect(keyType(key)).toBe('ssh-ed25519');
    expect(fingerprint(key)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });
});
