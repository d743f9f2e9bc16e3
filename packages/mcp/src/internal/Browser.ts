import { spawn } from "node:child_process"
import { parse } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import type { LoginAddress } from "../LoginAddress.ts"

/** A program and its arguments, the address being the last of them. */
export type Opener = ReadonlyArray<string>

/** `$BROWSER`, its words as they stand, or what the system has for it; nothing where no browser can be expected. */
export const opener = (
  env: { readonly [name: string]: string | undefined },
  platform: NodeJS.Platform = process.platform
): Opener | undefined => {
  const chosen = (env["BROWSER"] ?? "").trim()
  if (chosen !== "") return chosen.split(/\s+/)
  if (platform === "darwin") return ["open"]
  // Not `start`, which is a word of the shell: this is what it calls.
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"]
  const seen = (env["DISPLAY"] ?? "") !== "" || (env["WAYLAND_DISPLAY"] ?? "") !== ""
  return seen ? ["xdg-open"] : undefined
}

/** Not the project: Windows looks for programs in the current directory first, and what is started inherits it. */
const directory = parse(process.execPath).root

/** Hands an address to a browser as one argument and never to a shell. Whether a program for it could be started. */
export const openBrowser = ([command = "", ...args]: Opener, { url }: LoginAddress): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const child = spawn(command, [...args, url], { cwd: directory, stdio: "ignore", detached: true, shell: false })
    child.once("error", () => resume(Effect.succeed(false)))
    child.once("spawn", () => {
      child.unref()
      resume(Effect.succeed(true))
    })
  })
