const DASHES = '[-\\u2010-\\u2015\\u2212]{1,8}';
const BEGINS = new RegExp(`^\\s*${DASHES}\\s?BEGIN [A-Z0-9 ]{1,40}${DASHES}`, 'u');
const OPEN = new RegExp(`BEGIN [A-Z0-9 ]{1,40}${DASHES}`, 'u');
const ENDS = new RegExp(`${DASHES}\\s?END [A-Z0-9 ]{1,40}${DASHES}`, 'u');

/**
 * What belongs to a line to us though it stands below it: a certificate or a request in PEM, as people paste it behind
 * `csr=`, on the next line, or as code.
 */
export function createPasted() {
  let going: 'no' | 'may' | 'within' = 'no';
  return {
    /** A line to us was taken. */
    begin(line: string): void {
      going = OPEN.test(line) && !ENDS.test(line) ? 'within' : 'may';
    },
    /** Does this line of text belong to it? Blank ones are nobody's. */
    takes(line: string): boolean {
      if (going === 'no' || line.trim() === '') return false;
      if (going === 'may') going = BEGINS.test(line) ? 'within' : 'no';
      const taken = going === 'within';
      if (ENDS.test(line)) going = 'no';
      return taken;
    },
    /** Does this block of code? Where it is PEM and nothing else. */
    takesCode(text: string): boolean {
      const taken = going === 'may' && BEGINS.test(text) && ENDS.test(text.trim().split('\n').at(-1) ?? '');
      going = 'no';
      return taken;
    },
    end(): void {
      going = 'no';
    },
  };
}
