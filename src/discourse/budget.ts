/**
 * Who goes first: decisions and end states, then answers to people, then what has moved, then looking for news. Also
 * how much of the budget each may use up: the last has to leave room for the first.
 */
export type Urgency = 'decision' | 'answer' | 'progress' | 'look';
