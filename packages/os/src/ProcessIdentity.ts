import { hostname } from "node:os"
import process from "node:process"
import * as Predicate from "effect/Predicate"
import { infoOf, isAlive, system } from "./ProcessTable.ts"

/**
 * The name of this host.
 *
 * @since 0.1.0
 * @category constants
 */
export const host = hostname()

/**
 * Identifies the scope in which pids are valid: this host since boot, and this container.
 *
 * @since 0.1.0
 * @category constants
 */
export const machine = `${host} ${system ?? ""}`

/**
 * The id of this process.
 *
 * @since 0.1.0
 * @category constants
 */
export const pid = process.pid

/**
 * Distinguishes a process from a later one with the same pid; empty if the system does not provide it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const startOf = (pid: number): string => infoOf(pid)?.started ?? ""

/**
 * When this process started, as `startOf` describes it.
 *
 * @since 0.1.0
 * @category constants
 */
export const started = startOf(pid)

/**
 * Identifies a process among all processes on all machines, also after its pid was given to another one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Identity {
  readonly pid: number
  readonly machine: string
  readonly started: string
}

/**
 * Whether a process with this pid exists here.
 *
 * @since 0.1.0
 * @category functions
 */
export const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    // The process exists, but this user may not signal it.
    return Predicate.hasProperty(cause, "code") && cause.code === "EPERM"
  }
}

/**
 * Whether a process has certainly ended. False for one on another machine or in another container, where this cannot be
 * known. Without /proc, a process whose pid was reused counts as alive.
 *
 * @since 0.1.0
 * @category guards
 */
export const isDead = (other: Identity): boolean => {
  if (other.machine !== machine || other.pid <= 0) return false
  if (!exists(other.pid)) return true
  const info = infoOf(other.pid)
  return info !== undefined && (!isAlive(info) || info.started !== other.started)
}
