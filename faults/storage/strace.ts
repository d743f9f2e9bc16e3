import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"
import type { Ended, Machine } from "./machine.ts"

export interface Fault {
  readonly call: string
  /** The injection in the syntax of strace: `error=EIO`, `delay_enter=500000`. */
  readonly fault: string
  /** Which of the calls: `3` or `3+`. Default: all of them. */
  readonly when?: string
  /** The file in the database's directory whose calls are affected. */
  readonly file: string
}

let runs = 0

/** A command under which system calls on one file fail or are delayed, and the number of affected calls. */
export const traced = (here: Machine, { call, fault, file, when = "1+" }: Fault) => {
  const output = join(here.root, `strace-${++runs}`)
  const log = () => (existsSync(output) ? readFileSync(output, "utf8") : "")
  return {
    under: [
      "strace",
      "-f",
      "-qq",
      "-o",
      output,
      "-P",
      join(here.data, file),
      "-e",
      `trace=openat,pread64,pwrite64,fsync,fdatasync,fcntl,ftruncate`,
      "-e",
      `inject=${call}:${fault}:when=${when}`
    ],
    log,
    /** How many calls were affected. */
    injected: () => log().match(/\((INJECTED|DELAYED)\)/g)?.length ?? 0
  }
}

const Line = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))
const decode = Schema.decodeUnknownSync(Line)

/** The results that a process of `life.ts` printed for its messages. */
export const outcomes = ({ stdout }: Ended): ReadonlyArray<typeof Line.Type> =>
  stdout
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => decode(line))
    .filter((line) => !("id" in line))
