#!/usr/bin/env node
import { environment } from '../config/load.ts';
import type { Io } from './cli/io.ts';
import { run } from './cli/run.ts';

const [, , ...argv] = process.argv;
const env = environment();
const interrupt = new AbortController();
// `serve` ends itself in good order; everything else just stops.
if (argv[0] !== 'serve') process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));
// Whoever reads may stop reading: `steward audit export | head`.
process.stdout.on('error', () => process.exit(0));

const isTerminal = process.stdout.isTTY === true;
const io: Io = {
  out: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
  err: (text) => void process.stderr.write(text),
  style: {
    columns: isTerminal ? process.stdout.columns : 110,
    colour: isTerminal && !env.NO_COLOR && env.TERM !== 'dumb',
  },
  env,
  signal: interrupt.signal,
};
process.exitCode = await run(argv, io);
