import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs"
import process from "node:process"

/**
 * Information about a process from Linux's `/proc`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessInfo {
  readonly pid: number
  readonly state: string
  readonly parent: number
  readonly group: number
  /** Its start time in clock ticks since boot. Distinguishes it from a later process with the same pid. */
  readonly started: string
}

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    // The process has ended since it was listed, or this user may not read its entry.
    return undefined
  }
}

/**
 * Information about the process; undefined if it does not exist, or without `/proc`.
 *
 * @since 0.1.0
 * @category functions
 */
export const infoOf = (pid: number): ProcessInfo | undefined => {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  if (text === undefined) return undefined
  // The process name precedes these fields in parentheses, and may itself contain parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [state, parent, group] = fields
  const started = fields[19]
  if (state === undefined || started === undefined) return undefined
  return { pid, state, parent: Number(parent), group: Number(group), started }
}

/**
 * Whether the process runs. A zombie, which its parent has not reaped yet, does not.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAlive = (info: ProcessInfo | undefined): info is ProcessInfo =>
  info !== undefined && info.state !== "Z" && info.state !== "X"

/**
 * The ids of all processes that this one can see; empty without `/proc`.
 *
 * @since 0.1.0
 * @category functions
 */
export const allPids = (): ReadonlyArray<number> =>
  (attempt(() => readdirSync("/proc")) ?? []).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))

/**
 * Whether all user ids of a process (real, effective, saved and file system) are this user's. The owner of its directory in
 * `/proc` is not sufficient: a process that may not be inspected is shown as root's.
 *
 * @since 0.1.0
 * @category guards
 */
export const isOwnUser = (pid: number): boolean => {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "utf8"))
  const [, ids] = /^Uid:\s*([\d\s]+?)$/m.exec(status ?? "") ?? []
  const own = String(process.getuid?.())
  return ids !== undefined && ids.split(/\s+/).every((id) => id === own)
}

const environmentLimit = 1024 * 1024
const chunk = Buffer.alloc(64 * 1024)

/**
 * A variable of the environment with which a process was started; undefined if it is not set or cannot be read.
 *
 * @since 0.1.0
 * @category functions
 */
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

/**
 * Identifies the scope in which pids are valid: this system since boot, and this container. Undefined if unknown.
 *
 * @since 0.1.0
 * @category constants
 */
export const system = bootId === undefined || namespace === undefined ? undefined : `${bootId} ${namespace}`
