import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The jobs `mrepo` of a pretend mirror, as root sees them there. */
export function mirrorJobs(root: string) {
  const dir = join(root, 'var/lib/steward-jobs/mrepo');
  const over = new Set<string>();
  const read = (path: string): string => {
    const file = join(dir, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  /** The newest run, if it has begun and is not one that is over for the test. */
  const current = (): string | null => {
    const run = read('current').trim();
    return run === '' || over.has(run) || read(`runs/${run}/began`) === '' ? null : run;
  };
  const signal = (name: NodeJS.Signals): void => {
    const group = Number(read(`runs/${current()}/began`).split(' ')[0]);
    if (!(group > 0) || read(`runs/${current()}/code`)) return;
    try {
      process.kill(-group, name);
    } catch {
      // It has ended meanwhile.
    }
  };
  return {
    hasBegun: (): boolean => current() !== null,
    isIn: (phase: string): boolean => read(`runs/${current()}/log`).includes(`phase ${phase}`),
    /** How it ended; null: it has not. */
    code: (): number | null => {
      const code = read(`runs/${current()}/code`).split(' ')[0];
      return code ? Number(code) : null;
    },
    /** Stops it where it is, with all that it started, until it goes on: so the world waits for who is started anew. */
    freeze: (): void => signal('SIGSTOP'),
    goOn: (): void => signal('SIGCONT'),
    kill: (): void => signal('SIGKILL'),
    /** All that can be seen of it, for who waits in vain. */
    text: (): string => {
      const run = read('current').trim();
      const [began, code, log] = ['began', 'code', 'log'].map((one) => read(`runs/${run}/${one}`).trim());
      const group = Number(began?.split(' ')[0]);
      const stat =
        group > 0 && existsSync(`/proc/${group}/stat`)
          ? readFileSync(`/proc/${group}/stat`, 'utf8')
          : 'no process';
      return `${run}: began ${began}, code ${code}, ${stat}\n${log?.slice(-500)}`;
    },
    /** From now on only a later run counts. */
    isOver: (): void => {
      const run = current();
      if (run) over.add(run);
    },
  };
}
