import { randomBytes } from "node:crypto"
import process, { env } from "node:process"
import { infoOf, isAlive, system } from "@parley/os/ProcessTable"
import { sha256 } from "../text/Sha256.ts"

/**
 * The environment variable that every server is started with and that its child processes inherit. It identifies processes
 * that have left their server's process group, as browsers do. To start a program that should outlive the server, remove the
 * variable with `env -u PARLEY_SERVER program`, or declare it empty in the server's `env` to remove it for the whole server.
 */
export const markName = "PARLEY_SERVER"

const pattern = /^([1-9]\d*)-(\d+)-([0-9a-f]{16})-[0-9a-f]{24}$/

const here = system === undefined ? undefined : sha256(system).slice(0, 16)
/** Identifies this process: its pid, its start time, and the system or container in which the pid is valid. */
const own = `${process.pid}-${infoOf(process.pid)?.started ?? "0"}-${here ?? "0".repeat(16)}`

/** Creates a unique mark for one run of one server. */
export const newMark = (): string => `${own}-${randomBytes(12).toString("hex")}`

/** The mark that this process was started with, if a server of another Parley process started it. */
export const inheritedMark: string | undefined = env[markName]

/** Whether this process created the mark. */
export const isOwnMark = (mark: string): boolean => mark.startsWith(`${own}-`)

/**
 * Whether the Parley process that created a mark is still alive. It is `gone` only if that is certain: the mark was created
 * in this container since the last boot, and the process has ended or its pid now belongs to a process with another start
 * time.
 */
export const makerOf = (mark: string): { readonly pid: number; readonly fate: "alive" | "gone" | "unknown" } => {
  const [, pid, started, where] = pattern.exec(mark) ?? []
  if (pid === undefined || here === undefined || where !== here) return { pid: 0, fate: "unknown" }
  const info = infoOf(Number(pid))
  return { pid: Number(pid), fate: isAlive(info) && info.started === started ? "alive" : "gone" }
}
