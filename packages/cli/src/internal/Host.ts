import { existsSync } from "node:fs"
import { isAbsolute, resolve, sep } from "node:path"
import process from "node:process"

export const env: Readonly<Record<string, string | undefined>> = process.env

/** The path, or the current directory; undefined when it is seen from there and that has been removed. */
export const place = (path = "."): string | undefined => {
  try {
    return resolve(path)
  } catch {
    return undefined
  }
}

/** Whether something is at the path. */
export const isThere = (path: string): boolean => existsSync(path)

/** Seen from the current directory. */
export const absolute = (path: string): string => resolve(path)

/** Whether a command is a path that means something else in another directory. */
export const isRelativePath = (command: string): boolean =>
  !isAbsolute(command) && (command.includes("/") || command.includes(sep))

/** Whether a word is the relative path of something in the current directory. */
export const isHere = (word: string): boolean => word !== "" && !isAbsolute(word) && existsSync(resolve(word))
