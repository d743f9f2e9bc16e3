import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import * as Schema from "effect/Schema"
import { barriers } from "../../packages/harness/src/sessions/barriers.ts"
import { LogEntry } from "../../packages/domain/src/SessionEvent.ts"
import { calls, type Op, Trace } from "./trace.ts"

/** The operations of consecutive processes on a database, and the entries that they acknowledged. */
export interface Recording {
  readonly ops: ReadonlyArray<Op>
  /** Entries in the order in which they were acknowledged. */
  readonly acknowledged: ReadonlyArray<LogEntry>
}

const writer = join(import.meta.dirname, "writer.ts")
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(LogEntry))

/** The processes of one recording: one is killed, one only checkpoints the WAL, one fills the WAL more than once. */
export const lives = ["dies", "reads", "much"] as const

/** Records processes in `root`, which is created and removed. Needs `strace`. `node` are options of Node. */
export const record = (
  root: string,
  seed: number,
  modes: ReadonlyArray<(typeof lives)[number]> = lives,
  node: ReadonlyArray<string> = []
): Recording => {
  mkdirSync(root, { recursive: true })
  const directory = join(realpathSync(root), "data")
  mkdirSync(directory)
  const trace = new Trace(directory)
  const ops: Array<Op> = []
  const acknowledged: Array<LogEntry> = []
  for (const [n, mode] of modes.entries()) {
    const output = join(root, "trace")
    const shown = [
      "-f",
      "--seccomp-bpf",
      "-qq",
      "-y",
      "-xx",
      "-s",
      "65536",
      "-e",
      "signal=none",
      "-e",
      `trace=${calls}`
    ]
    const command = [process.execPath, ...node, writer, join(directory, "parley.db"), mode, String(seed + n)]
    const options = { encoding: "utf8", maxBuffer: 1024 ** 3 } as const
    const { stderr, stdout } = spawnSync("strace", [...shown, "-o", output, ...command], options)
    if (stderr !== "") throw new Error(`the process that ${mode} could not be recorded: ${stderr}`)
    ops.push(...trace.read(readFileSync(output, "latin1")))
    acknowledged.push(
      ...stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => decode(line))
    )
  }
  rmSync(root, { recursive: true })
  const told = ops.findLast((op) => op._tag === "Told")?.lines ?? 0
  if (told !== acknowledged.length || told === 0) throw new Error(`${acknowledged.length} entries, ${told} recorded`)
  return { ops, acknowledged }
}

/** The last event that must be stored after `told` acknowledgements, by a separate table and not by the code under test. */
export const promised = ({ acknowledged }: Recording, told: number): LogEntry | undefined =>
  acknowledged.slice(0, told).findLast(({ event }) => barriers[event._tag])
