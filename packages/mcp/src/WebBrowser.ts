import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { opener, openBrowser } from "./internal/Browser.ts"
import { loginAddress } from "./LoginAddress.ts"

/**
 * Opens an address in the user's browser: `BROWSER` of the environment, or what the system has where a browser can be seen.
 * Says whether that could be begun. Nothing but http and https is opened, and the address is one argument of a program that is
 * started without a shell.
 */
export const open = (url: string, env: { readonly [name: string]: string | undefined }): Effect.Effect<boolean> => {
  const program = opener(env)
  const address = loginAddress(url)
  return program === undefined || Result.isFailure(address)
    ? Effect.succeed(false)
    : openBrowser(program, address.success)
}
