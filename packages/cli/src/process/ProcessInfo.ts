import { existsSync } from "node:fs"
import { isAbsolute, resolve, sep } from "node:path"
import process from "node:process"

export const env: Readonly<Record<string, string | undefined>> = process.env

/** Whether to show stack traces of internal errors. */
export const debug: boolean = (env["PARLEY_DEBUG"] ?? "") !== ""

/** The absolute path; undefined if it is relative to the current directory and that no longer exists. */
export const place = (path = "."): string | undefined => {
  try {
    return resolve(path)
  } catch {
    return undefined
  }
}

/** Whether a file or directory exists at the path. */
export const isThere = (path: string): boolean => existsSync(path)

/** Resolves a path against the current directory. */
export const absolute = (path: string): string => resolve(path)

/** Whether a command is a relative path, which means something else in another directory. */
export const isRelativePath = (command: string): boolean =>
  !isAbsolute(command) && (command.includes("/") || command.includes(sep))

/** Whether a word is a relative path to an existing file or directory. */
export const isHere = (word: string): boolean => word !== "" && !isAbsolute(word) && existsSync(resolve(word))
