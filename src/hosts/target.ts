/** One host of the config. */
export interface Target {
  /** How people and commands call it. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** The account on the host that the bot logs in as. */
  readonly user: string;
}
