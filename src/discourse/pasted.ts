import { PEM_BEGINS, PEM_ENDS, PEM_OPENS } from '../core/pem.ts';

/**
 * What belongs to a line to us though it stands below it: a certificate or a request in PEM, as people paste it behind
 * `csr=`, on the next line, or as code.
 */
export function createPasted() {
  let going: 'no' | 'may' | 'within' = 'no';
  return {
    /** A line to us was taken. */
    begin(line: string): void {
      going = PEM_OPENS.test(line) && !PEM_ENDS.test(line) ? 'within' : 'may';
    },
    /** Does this line of text belong to it? Blank ones are nobody's. */
    takes(line: string): boolean {
      if (going === 'no' || line.trim() === '') return false;
      if (going === 'may') going = PEM_BEGINS.test(line) ? 'within' : 'no';
      const taken = going === 'within';
      if (PEM_ENDS.test(line)) going = 'no';
      return taken;
    },
    /** Does this block of code? Where it is PEM and nothing else. */
    takesCode(text: string): boolean {
      const taken =
        going === 'may' && PEM_BEGINS.test(text) && PEM_ENDS.test(text.trim().split('\n').at(-1) ?? '');
      going = 'no';
      return taken;
    },
    end(): void {
      going = 'no';
    },
  };
}
