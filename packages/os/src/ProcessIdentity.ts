import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import process from "node:process"
import * as Predicate from "effect/Predicate"

const attempt = (read: () => string): string | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** State and start time of a process, where /proc tells; the name before them may hold anything, also parentheses. */
const statOf = (pid: number) => {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  const [state, ...fields] = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? []
  return { state, started: fields[18] }
}

export const host = hostname()

/** Where a pid means the same process as here: this host since it was booted, and in this container. */
export const machine = [
  host,
  attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  attempt(() => readlinkSync("/proc/self/ns/pid"))
].join(" ")

export const pid = process.pid

/** Tells a process from a later one with the same pid; empty where the system does not say. */
export const startOf = (pid: number): string => statOf(pid).started ?? ""
export const started = startOf(pid)

export interface Identity {
  readonly pid: number
  readonly machine: string
  readonly started: string
}

/** Whether there is a process of that number here. */
export const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    // Not ours to signal, but there.
    return Predicate.hasProperty(cause, "code") && cause.code === "EPERM"
  }
}

/**
 * Whether a process is certainly gone. On another machine or in another container nobody knows. Without /proc, a pid that
 * was given to another process counts as alive.
 */
export const isDead = (other: Identity): boolean => {
  if (other.machine !== machine || other.pid <= 0) return false
  if (!exists(other.pid)) return true
  const { started, state } = statOf(other.pid)
  if (state === undefined || started === undefined) return false
  return state === "Z" || state === "X" || started !== other.started
}
