import { spawn } from "node:child_process"
import process from "node:process"
import * as Effect from "effect/Effect"

/** What opens an address on this system, and what it is told before the address. */
const opener = (platform: string): readonly [string, ...ReadonlyArray<string>] =>
  platform === "darwin" ? ["open"] : platform === "win32" ? ["rundll32", "url.dll,FileProtocolHandler"] : ["xdg-open"]

/**
 * Opens an address in the user's browser, and says whether that could be begun. The address is one argument of a program
 * that is started without a shell; nothing but http and https addresses is passed on.
 */
export const open = (url: string): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    if (!/^https?:\/\//.test(url)) return resume(Effect.succeed(false))
    const [command, ...args] = opener(process.platform)
    const child = spawn(command, [...args, url], { stdio: "ignore", shell: false, detached: true })
    child.once("error", () => resume(Effect.succeed(false)))
    child.once("spawn", () => {
      child.unref()
      resume(Effect.succeed(true))
    })
  })
