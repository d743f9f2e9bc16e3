import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import type { StdioServer } from "@parley/domain/McpServerConfig"
import { Schema } from "effect"
import type { Home } from "../../support/home.ts"

/** What may be done in the server's first life only. */
type Once =
  | readonly ["note", key: string]
  | readonly ["raw", text: string]
  | readonly ["exit", code: number]
  | readonly ["kill", signal: string]
  | readonly ["trap", "exit", code: number]
  | readonly ["trap", "kill", signal: string]
  | readonly ["unread"]

/**
 * One thing that a scripted server does. In texts `$id` stands for the id of the request in hand, and `$kept` for the one
 * that was kept, `$token` for what progress of the call in hand is reported by.
 */
export type Step =
  | readonly ["note", key: string]
  /** To standard output: as it is, as a line, as bytes (base64), as a line byte by byte, again and again. */
  | readonly ["raw" | "say" | "bytes" | "slowly", text: string]
  | readonly ["repeat", text: string, times: number]
  /** A proper result, of the request in hand or of the one that was kept. */
  | readonly ["answer" | "answerKept", text: string, times?: number]
  | readonly ["result", value: object]
  | readonly ["blocks", times: number]
  /** A line again and again: with pauses, or as fast as it is read. */
  | readonly ["drip", text: string, millis: number, times: number]
  | readonly ["flood", text: string, millis: number]
  | readonly ["stderr", text: string, times?: number]
  | readonly ["noteStderr"]
  | readonly ["deep", levels: number]
  | readonly ["page", size: number, all: number]
  | readonly ["keep"]
  | readonly ["sleep", millis: number]
  | readonly ["until", noted: string, times: number]
  | readonly ["exit", code: number]
  | readonly ["kill", signal: string]
  | readonly ["tools", tools: ReadonlyArray<Tool>]
  | readonly ["changed"]
  /** What comes next is not read: this is done when it comes. */
  | readonly ["trap", "exit", code: number]
  | readonly ["trap", "kill", signal: string]
  | readonly ["unread"]
  | readonly ["once", ...Once]
  /** Runs on after the end of its input. */
  | readonly ["stay"]
  /** Takes no signal that can be refused. */
  | readonly ["deaf"]
  /** Starts a process that sleeps, in its own group or as a daemon. */
  | readonly ["child", detached: boolean]

/** By name alone, with a schema that takes anything, or as it is sent. */
export type Tool = string | object

/** What a server does instead of what would be proper. */
export interface Script {
  readonly start?: ReadonlyArray<Step>
  readonly initialize?: ReadonlyArray<Step>
  readonly list?: ReadonlyArray<Step>
  /** By cursor; the first page has none. */
  readonly pages?: { readonly [cursor: string]: ReadonlyArray<Step> }
  readonly ping?: ReadonlyArray<Step>
  /** After it has listed its tools. */
  readonly listed?: ReadonlyArray<Step>
  /** A tool that is called as one of these does this. The others answer with their input. */
  readonly calls?: { readonly [tool: string]: ReadonlyArray<Step> }
  readonly cancelled?: ReadonlyArray<Step>
  /** Besides those of `calls`, and `echo`, which are there when this is absent. */
  readonly tools?: ReadonlyArray<Tool>
  /** What those are when it has been started again. */
  readonly later?: ReadonlyArray<Tool>
}

const Note = Schema.Struct({
  name: Schema.String,
  pid: Schema.optionalKey(Schema.Int),
  child: Schema.optionalKey(Schema.Int),
  method: Schema.optionalKey(Schema.String),
  tool: Schema.optionalKey(Schema.String),
  signal: Schema.optionalKey(Schema.String),
  stderr: Schema.optionalKey(Schema.String),
  /** What it was answered: the code of an error, or of a result what was done, or how many fields it has. */
  told: Schema.optionalKey(Schema.Union([Schema.Int, Schema.String])),
  /** How many milliseconds after it had asked. */
  after: Schema.optionalKey(Schema.Finite),
  effect: Schema.optionalKey(Schema.Boolean)
})
export type Note = typeof Note.Type
const decodeNote = Schema.decodeUnknownSync(Schema.fromJsonString(Note))

const notesOf = (here: Home): string => join(here.root, "notes")

/** What the servers of a home have written down. */
export const noted = (here: Home): ReadonlyArray<Note> =>
  existsSync(notesOf(here))
    ? readFileSync(notesOf(here), "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => decodeNote(line))
    : []

/** By this variable the processes of a home are found, whoever started them. */
export const mark = (here: Home): string => `FAULT_HOME=${here.root}`

/** The configuration of a server that follows a script. Limits are short; a busy machine has to be quick enough. */
export const scripted = (
  here: Home,
  name: string,
  script: Script,
  limits: Pick<StdioServer, "timeoutMillis" | "startTimeoutMillis"> = {}
): StdioServer => ({
  command: process.execPath,
  args: [join(import.meta.dirname, "server.mjs"), notesOf(here), JSON.stringify(script)],
  env: { FAULT_HOME: here.root, FAULT_NAME: name },
  // Cases that are about a slow start set a limit of their own; others start a hundred servers on a busy machine.
  startTimeoutMillis: 60_000,
  ...limits
})
