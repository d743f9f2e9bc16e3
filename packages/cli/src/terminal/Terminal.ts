import process from "node:process"
import { isatty } from "node:tty"
import * as ProcessInfo from "../process/ProcessInfo.ts"

/** The terminal that lines are read from. Tests pass another one. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly setRawMode: (on: boolean) => unknown }
  readonly output: NodeJS.WritableStream
  /** Whether it can move its cursor, which a line editor needs. */
  readonly edits: boolean
}

const { stderr, stdin } = process

/** Whether a person can be asked: standard input and standard error, which shows prompts, are terminals. */
export const interactive: boolean = isatty(0) && isatty(2)

/** The terminal of this process; undefined if it is not `interactive`. */
export const ofProcess: Terminal | undefined = interactive
  ? { input: stdin, output: stderr, edits: ProcessInfo.env["TERM"] !== "dumb" }
  : undefined
