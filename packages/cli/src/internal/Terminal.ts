import process from "node:process"
import { isatty } from "node:tty"
import * as Host from "./Host.ts"

/** The terminal that lines are read from. Tests give another one. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly setRawMode: (on: boolean) => unknown }
  readonly output: NodeJS.WritableStream
  /** Whether it has what a line editor needs: it can move its cursor. */
  readonly edits: boolean
}

const { stderr, stdin } = process

/** Whether a person is there to be asked and to answer: prompts go to standard error. */
export const interactive: boolean = isatty(0) && isatty(2)

/** The terminal of this process; undefined where input comes from a pipe or a file. */
export const ofProcess: Terminal | undefined = interactive
  ? { input: stdin, output: stderr, edits: Host.env["TERM"] !== "dumb" }
  : undefined
