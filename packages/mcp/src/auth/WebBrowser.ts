import { spawn } from "node:child_process"
import { parse } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { loginAddress, type LoginAddress } from "./LoginAddress.ts"

/** A program and its arguments. The address is appended as the last argument. */
type Opener = ReadonlyArray<string>

/**
 * The program that opens an address: `$BROWSER`, split at white space, or else the default of the system. `undefined` if no
 * browser can be expected, such as without a display.
 *
 * @since 0.1.0
 * @category functions
 */
export const opener = (
  env: { readonly [name: string]: string | undefined },
  platform: NodeJS.Platform = process.platform
): Opener | undefined => {
  const chosen = (env["BROWSER"] ?? "").trim()
  if (chosen !== "") return chosen.split(/\s+/)
  if (platform === "darwin") return ["open"]
  // `start` is built into the shell and cannot be spawned; this is the program that it calls.
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"]
  const seen = (env["DISPLAY"] ?? "") !== "" || (env["WAYLAND_DISPLAY"] ?? "") !== ""
  return seen ? ["xdg-open"] : undefined
}

/**
 * The working directory of the browser. It is not the project, because Windows searches the current directory for programs
 * first, and child processes inherit it.
 */
const directory = parse(process.execPath).root

/**
 * Passes an address to a browser as one argument, without a shell. Returns whether the program could be started.
 *
 * @since 0.1.0
 * @category functions
 */
export const openBrowser = ([command = "", ...args]: Opener, { url }: LoginAddress): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const child = spawn(command, [...args, url], { cwd: directory, stdio: "ignore", detached: true, shell: false })
    child.once("error", () => resume(Effect.succeed(false)))
    child.once("spawn", () => {
      child.unref()
      resume(Effect.succeed(true))
    })
  })

/**
 * Opens an address in the user's browser: the program in the `BROWSER` environment variable, or the system's default if a
 * display is available. Returns whether the program could be started. Only http and https addresses are opened. The address
 * is passed as one argument, without a shell.
 *
 * @since 0.1.0
 * @category functions
 */
export const open = (url: string, env: { readonly [name: string]: string | undefined }): Effect.Effect<boolean> => {
  const program = opener(env)
  const address = loginAddress(url)
  return program === undefined || Result.isFailure(address)
    ? Effect.succeed(false)
    : openBrowser(program, address.success)
}
