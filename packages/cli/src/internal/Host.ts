import { resolve } from "node:path"
import process from "node:process"

export const env: Readonly<Record<string, string | undefined>> = process.env

export const cwd = (): string => process.cwd()

/** Seen from the current directory. */
export const absolute = (path: string): string => resolve(path)
