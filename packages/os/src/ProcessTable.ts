import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs"
import process from "node:process"

/** What Linux tells of a process. */
export interface ProcessInfo {
  readonly pid: number
  readonly state: string
  readonly parent: number
  readonly group: number
  /** When it started, in clock ticks since the system was booted: tells it from a later one with the same pid. */
  readonly started: string
}

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    // It has ended since it was listed, or is not for us to read.
    return undefined
  }
}

export const infoOf = (pid: number): ProcessInfo | undefined => {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  if (text === undefined) return undefined
  // The name stands before these fields, in parentheses, and may hold anything, also parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [state, parent, group] = fields
  const started = fields[19]
  if (state === undefined || started === undefined) return undefined
  return { pid, state, parent: Number(parent), group: Number(group), started }
}

/** Whether it is more than an entry that its parent has not looked at yet. */
export const isAlive = (info: ProcessInfo | undefined): info is ProcessInfo =>
  info !== undefined && info.state !== "Z" && info.state !== "X"

export const allPids = (): ReadonlyArray<number> =>
  (attempt(() => readdirSync("/proc")) ?? []).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))

/**
 * Whether a process is this user's in every respect. The owner of its directory does not say that: a process that may not
 * be inspected is shown as root's.
 */
export const isOwnUser = (pid: number): boolean => {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "utf8"))
  const [, ids] = /^Uid:\s*([\d\s]+?)$/m.exec(status ?? "") ?? []
  const own = String(process.getuid?.())
  return ids !== undefined && ids.split(/\s+/).every((id) => id === own)
}

const environmentLimit = 1024 * 1024
const chunk = Buffer.alloc(64 * 1024)

/** The value of a variable in the environment that a process was started with, if it may be read and has it. */
export const variableOf = (pid: number, name: string): string | undefined =>
  attempt(() => {
    const file = openSync(`/proc/${pid}/environ`, "r")
    try {
      let text = ""
      while (text.length < environmentLimit) {
        const read = readSync(file, chunk)
        if (read === 0) break
        text += chunk.toString("latin1", 0, read)
      }
      return text
        .split("\0")
        .find((entry) => entry.startsWith(`${name}=`))
        ?.slice(name.length + 1)
    } finally {
      closeSync(file)
    }
  })

const bootId = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim())
const namespace = attempt(() => readlinkSync("/proc/self/ns/pid"))

/** Where a pid means the same process as here: this system since it was booted, and in this container. Absent where that is unknown. */
export const system = bootId === undefined || namespace === undefined ? undefined : `${bootId} ${namespace}`
