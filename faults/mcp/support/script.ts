import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import type { StdioServer } from "@parley/domain/McpServerConfig"
import { Schema } from "effect"
import type { Home } from "../../../packages/harness/src/sessions/home.ts"

/** Steps that may be restricted to the first start of the server. */
type Once =
  | readonly ["note", key: string]
  | readonly ["raw", text: string]
  | readonly ["exit", code: number]
  | readonly ["kill", signal: string]
  | readonly ["trap", "exit", code: number]
  | readonly ["trap", "kill", signal: string]
  | readonly ["unread"]

/**
 * One step of a scripted server. In texts, `$id` is replaced by the id of the current request, `$kept` by the id of the kept
 * request, and `$token` by the progress token of the current call.
 */
export type Step =
  | readonly ["note", key: string]
  /** Writes to standard output: unchanged, as a line, as bytes (base64), or as a line byte by byte. */
  | readonly ["raw" | "say" | "bytes" | "slowly", text: string]
  | readonly ["repeat", text: string, times: number]
  /** Sends a valid result for the current request or for the kept one. */
  | readonly ["answer" | "answerKept", text: string, times?: number]
  | readonly ["result", value: object]
  | readonly ["blocks", times: number]
  /** Repeats a line, with pauses or as fast as it is read. */
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
  /** Does not read the next message, and performs this step when it arrives. */
  | readonly ["trap", "exit", code: number]
  | readonly ["trap", "kill", signal: string]
  | readonly ["unread"]
  | readonly ["once", ...Once]
  /** Keeps running after the end of its input. */
  | readonly ["stay"]
  /** Ignores all signals that can be ignored. */
  | readonly ["deaf"]
  /** Starts a sleeping process, in the server's process group or as a daemon. */
  | readonly ["child", detached: boolean]

/** A tool by its name, with a schema that accepts any input, or as a complete definition. */
export type Tool = string | object

/** Deviations of a scripted server from correct behaviour. */
export interface Script {
  readonly start?: ReadonlyArray<Step>
  readonly initialize?: ReadonlyArray<Step>
  readonly list?: ReadonlyArray<Step>
  /** The steps for each page of the tool list, by cursor. The first page has the empty cursor. */
  readonly pages?: { readonly [cursor: string]: ReadonlyArray<Step> }
  readonly ping?: ReadonlyArray<Step>
  /** Steps after it has listed its tools. */
  readonly listed?: ReadonlyArray<Step>
  /** The steps of these tools. All other tools return their input. */
  readonly calls?: { readonly [tool: string]: ReadonlyArray<Step> }
  readonly cancelled?: ReadonlyArray<Step>
  /** The offered tools. Default: those in `calls`, and `echo`. */
  readonly tools?: ReadonlyArray<Tool>
  /** The offered tools after a restart. */
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
  /** The response that it received: the code of an error, the action of a result, or its number of fields. */
  told: Schema.optionalKey(Schema.Union([Schema.Int, Schema.String])),
  /** How many milliseconds after its request the response arrived. */
  after: Schema.optionalKey(Schema.Finite),
  effect: Schema.optionalKey(Schema.Boolean)
})
export type Note = typeof Note.Type
const decodeNote = Schema.decodeUnknownSync(Schema.fromJsonString(Note))

const notesOf = (here: Home): string => join(here.root, "notes")

/** The notes that the servers of a home have recorded. */
export const noted = (here: Home): ReadonlyArray<Note> =>
  existsSync(notesOf(here))
    ? readFileSync(notesOf(here), "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => decodeNote(line))
    : []

/** The environment variable by which all processes of a home are found, even detached ones. */
export const mark = (here: Home): string => `FAULT_HOME=${here.root}`

/** The configuration of a scripted server. Timeouts are short, but long enough for a busy machine. */
export const scripted = (
  here: Home,
  name: string,
  script: Script,
  limits: Pick<StdioServer, "timeoutMillis" | "startTimeoutMillis"> = {}
): StdioServer => ({
  command: process.execPath,
  args: [join(import.meta.dirname, "server.mjs"), notesOf(here), JSON.stringify(script)],
  env: { FAULT_HOME: here.root, FAULT_NAME: name },
  // Cases about slow starts set their own limit. The other cases start a hundred servers on a busy machine.
  startTimeoutMillis: 60_000,
  ...limits
})
