import { isAbsolute, resolve } from "node:path"
import process from "node:process"

/** Whether a command is a path and not a name that is looked for in PATH. */
export const isPath = (command: string): boolean =>
  command.includes("/") || (process.platform === "win32" && command.includes("\\"))

export const isWhole = isAbsolute

export const resolveIn = (directory: string, path: string): string => resolve(directory, path)
