const DASH = '[-\\u2010-\\u2015\\u2212\\ufe58\\ufe63\\uff0d]';
const LABEL = '[A-Z0-9 ]{1,40}';

/** The five hyphens of PEM, and what phones, forums and word processors make of them. For a pattern with `u`. */
export const PEM_DASHES = `${DASH}{1,8}`;

/** The word that begins what was pasted. */
export const PEM_WORD = new RegExp(`^${PEM_DASHES}\\s?BEGIN\\b`, 'u');

/** Was anything pasted in this text? */
export const PEM_WITHIN = new RegExp(`${DASH}\\s?BEGIN [A-Z]`, 'u');

/** What it says of itself: `CERTIFICATE REQUEST`. */
export const PEM_LABEL = new RegExp(`${PEM_DASHES}\\s?BEGIN (${LABEL})${PEM_DASHES}`, 'u');

/** A line that begins it, whole. */
export const PEM_BEGINS = new RegExp(`^\\s*${PEM_DASHES}\\s?BEGIN ${LABEL}${PEM_DASHES}`, 'u');

/** The same behind other words of the line. */
export const PEM_OPENS = new RegExp(`BEGIN ${LABEL}${PEM_DASHES}`, 'u');

export const PEM_ENDS = new RegExp(`${PEM_DASHES}\\s?END ${LABEL}${PEM_DASHES}`, 'u');

/** How a program writes it. */
export const PEM_EXACT = new RegExp(`-----BEGIN ${LABEL}-----`, 'u');

/** What was pasted, from its BEGIN to its END or to the end of the text. The source of a pattern with `u`. */
export const PEM_BLOCK = `${PEM_DASHES}\\s?BEGIN ${LABEL}${PEM_DASHES}[\\s\\S]*?(?:${PEM_DASHES}\\s?END ${LABEL}${PEM_DASHES}|$)`;
