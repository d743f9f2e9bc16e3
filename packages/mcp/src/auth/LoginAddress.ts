import { isClear } from "@parley/domain/VisibleText"
import * as Result from "effect/Result"

/** The address at which a person logs in. `host` is shown separately, so that the person can recognise it. */
export interface LoginAddress {
  readonly url: string
  readonly host: string
}

/** Quotes and the like must be escaped in a URL: the program that opens it may pass it to a shell. */
const plain = /^[A-Za-z0-9\-._~:/?#[\]@!$&()*+,;=%]+$/

/**
 * Checks the address that a server wants to be opened in a browser: http or https, no user name or password, no control
 * characters, spaces or quotes. The result is an absolute URL, so it cannot begin with a dash. Fails with the reason.
 */
export const loginAddress = (text: string): Result.Result<LoginAddress, string> => {
  const shown = "the login address that the server names"
  if (!URL.canParse(text)) return Result.fail(`${shown} is not a valid URL`)
  const url = new URL(text)
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return Result.fail(`${shown} has another scheme: only http and https are opened`)
  if (url.username !== "" || url.password !== "") return Result.fail(`${shown} contains a user name or password`)
  const href = url.href.replaceAll(/['"`|\\^{}<>]/g, (character) => encodeURIComponent(character).replace("'", "%27"))
  return plain.test(href) && isClear(text) && !text.includes(" ")
    ? Result.succeed({ url: href, host: url.host })
    : Result.fail(`${shown} contains characters that are not allowed in a URL`)
}
