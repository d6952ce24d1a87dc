/**
 * Looks now and after every change, until `look` gives something; rejects after `ms`. `onChange` gives back what ends
 * its listening.
 */
export function waitFor<T>(
  onChange: (listener: () => void) => () => void,
  look: () => T | undefined | null | false,
  ms = 5000,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const check = () => {
      const found = look();
      if (found === undefined || found === null || found === false) return;
      end();
      resolve(found);
    };
    const timer = setTimeout(() => {
      end();
      reject(new Error(`not seen within ${ms} ms`));
    }, ms);
    const stop = onChange(check);
    const end = () => {
      clearTimeout(timer);
      stop();
    };
    check();
  });
}
