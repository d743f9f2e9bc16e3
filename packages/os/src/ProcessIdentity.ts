import { hostname } from "node:os"
import process from "node:process"
import * as Predicate from "effect/Predicate"
import { infoOf, isAlive, system } from "./ProcessTable.ts"

export const host = hostname()

/** Where a pid means the same process as here: this host since it was booted, and in this container. */
export const machine = `${host} ${system ?? ""}`

export const pid = process.pid

/** Tells a process from a later one with the same pid; empty where the system does not say. */
export const startOf = (pid: number): string => infoOf(pid)?.started ?? ""
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
  const info = infoOf(other.pid)
  return info !== undefined && (!isAlive(info) || info.started !== other.started)
}
