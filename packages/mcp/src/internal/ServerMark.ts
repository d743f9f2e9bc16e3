import { randomBytes } from "node:crypto"
import process, { env } from "node:process"
import { infoOf, isAlive, system } from "@parley/os/ProcessTable"
import { sha256 } from "./Digest.ts"

/**
 * The variable that every server is started with, and that whatever it starts inherits. By it a process is known that has
 * left the group of its server, as browsers do. Who starts a program that is to outlive the server takes it away, with
 * `env -u PARLEY_SERVER program`, or for all of a server by declaring it empty in the server's `env`.
 */
export const markName = "PARLEY_SERVER"

const pattern = /^([1-9]\d*)-(\d+)-([0-9a-f]{16})-[0-9a-f]{24}$/

const here = system === undefined ? undefined : sha256(system).slice(0, 16)
/** This process: its pid, when it started, and where that pid means it. */
const own = `${process.pid}-${infoOf(process.pid)?.started ?? "0"}-${here ?? "0".repeat(16)}`

/** A mark for one life of one server. No other life, here or elsewhere, has the same. */
export const newMark = (): string => `${own}-${randomBytes(12).toString("hex")}`

/** What this process was started with, if a server of another Parley started it. */
export const inheritedMark: string | undefined = env[markName]

/** Whether it is a mark that this process has made. */
export const isOwnMark = (mark: string): boolean => mark.startsWith(`${own}-`)

/**
 * How the Parley fares that has made a mark. It is gone when that is certain: the mark was made on this system since it
 * was booted and in this container, and its process has ended, or its pid belongs to a process that started at another time.
 */
export const makerOf = (mark: string): { readonly pid: number; readonly fate: "alive" | "gone" | "unknown" } => {
  const [, pid, started, where] = pattern.exec(mark) ?? []
  if (pid === undefined || here === undefined || where !== here) return { pid: 0, fate: "unknown" }
  const info = infoOf(Number(pid))
  return { pid: Number(pid), fate: isAlive(info) && info.started === started ? "alive" : "gone" }
}
