import type { Answer, Table } from './answer.ts';
import type { Risk } from './command.ts';
import type { Role } from './person.ts';
import type { Change } from './plan.ts';
import type { Status, StepState } from './request.ts';
import type { Link } from './task-links.ts';

/** Something a person can press, type or reply. */
export interface Action {
  readonly verb:
    | 'approve'
    | 'deny'
    | 'cancel'
    | 'undo'
    | 'resume'
    | 'resolve-done'
    | 'resolve-not-done'
    | 'log';
  readonly label: string;
  readonly style: 'primary' | 'danger' | 'plain';
  /** The same as a line: `approve r42`. */
  readonly line: string;
  /** Asked once more before it is sent; a courtesy, never a control. */
  readonly confirm?: string;
  /** Those who see a card are not all people who may. */
  readonly may: Right;
}

/** Who may do something with a request. */
export interface Right {
  readonly roles: readonly Role[];
  /** The asker may without any of the roles (`too`), not even with one (`not`), or as anybody else. */
  readonly asker: 'too' | 'not' | 'as-any';
  /** In words: `maria or an admin`; empty where it is not known. */
  readonly says: string;
}

/** A request as any front end shows it. Holds only public text; front ends escape it for where it goes. */
export interface Card {
  readonly id: string;
  /** Sequence number of the last event that it shows. */
  readonly seq: number;
  readonly title: string;
  readonly status: Status;
  /** `info` while it goes on, the rest for end states. */
  readonly tone: 'info' | 'good' | 'warn' | 'bad';
  /** One line: what happened, what it means, what comes next. */
  readonly line: string;
  /** What the person can do now, when that is not a button. */
  readonly next: string | null;
  readonly fields: readonly { readonly label: string; readonly value: string }[];
  readonly steps: readonly CardStep[];
  readonly notes: readonly string[];
  readonly answer: Answer | null;
  /** Pages of what it names: tasks of the hub. */
  readonly links: readonly Link[];
  readonly actions: readonly Action[];
  /** `r42 · asked by maria · …`. */
  readonly footer: string;
  /** Number of the plan that the buttons are for; 0 without a plan. */
  readonly plan: number;
  /** The greatest risk of what it asks for: some places decide low risk only. */
  readonly risk: Risk;
  /** Roles whose people may decide now; empty when nothing waits for a decision. */
  readonly decideRoles: readonly string[];
  /** Person ids to mention when a new message is called for: the asker at an end, the approvers for a decision. */
  readonly asker: string;
  /**
   * Something that people must notice, so an edit is not enough: a decision is due, or it ended. Each `key` is
   * told once in each place.
   */
  readonly notice: { readonly kind: 'decision' | 'end'; readonly key: string; readonly text: string } | null;
}

/** A step as a card shows it. */
export interface CardStep {
  readonly title: string;
  readonly state: StepState;
  readonly changes: readonly Change[];
  readonly evidence: readonly { readonly label: string; readonly value: string }[];
  readonly guards: readonly { readonly text: string; readonly holds: boolean; readonly saw: string }[];
  readonly undo: 'full' | 'partial' | 'none';
  /** The exact call, as it is digested: `editHost("builder2", capacity=8.0)`. */
  readonly call: string;
  readonly digest: string;
  readonly says: string | null;
}

/** A short reply that is not a request: help, a list, a refusal. Shown to the one who asked. */
export interface Reply {
  readonly tone: 'info' | 'good' | 'warn' | 'bad';
  readonly title: string;
  readonly lines: readonly string[];
  readonly table?: Table;
  /** Lines that the person can type next. */
  readonly next?: readonly string[];
}
