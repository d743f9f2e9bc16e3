import { release } from "node:os"
import * as process from "node:process"

export const platform: string = process.platform
export const arch: string = process.arch
/** The version of the operating system's kernel. */
export const version: string = release()

/** The IANA name of the zone this process runs in. */
export const timeZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone
