import * as Result from "effect/Result"

/** Where a person logs in. `host` is what they have to recognise. */
export interface LoginAddress {
  readonly url: string
  readonly host: string
}

/** Quotes and the like have no place in a URL unescaped: whoever opens one may hand it on to a shell of their own. */
const plain = /^[A-Za-z0-9\-._~:/?#[\]@!$&()*+,;=%]+$/

const hasControl = /[\p{Cc}\p{Cf}\p{Z}]/u

/**
 * The address a server wants a browser to be sent to, if that can be done safely: http or https, nothing before the host,
 * nothing that is a control character, a space or a quote, and written out in full, so it cannot begin with a dash.
 */
export const loginAddress = (text: string): Result.Result<LoginAddress, string> => {
  const shown = "the server wants a browser to be sent to an address"
  if (!URL.canParse(text)) return Result.fail(`${shown} that is none`)
  const url = new URL(text)
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return Result.fail(`${shown} that is not of the web: only http and https are opened`)
  if (url.username !== "" || url.password !== "") return Result.fail(`${shown} with a user name or password in it`)
  const href = url.href.replaceAll(/['"`|\\^{}<>]/g, (character) => encodeURIComponent(character).replace("'", "%27"))
  return plain.test(href) && !hasControl.test(text)
    ? Result.succeed({ url: href, host: url.host })
    : Result.fail(`${shown} with characters that no address has`)
}
