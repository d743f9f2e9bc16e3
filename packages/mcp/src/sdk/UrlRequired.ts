import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { webAddress } from "./ElicitationRead.ts"
import { plainLine } from "@parley/domain/VisibleText"

const urlElicitationRequired = -32042
const most = 3

const decode = Schema.decodeUnknownOption(Schema.Struct({ elicitations: Schema.Array(Schema.Unknown) }))
const decodeOne = Schema.decodeUnknownOption(Schema.Struct({ url: Schema.String, message: Schema.String }))

/**
 * The text for a call that the server refuses until the user has visited an address (URL elicitation required); `undefined`
 * for any other error. Nothing is opened: the addresses are only text in the result.
 */
export const addressesFirst = (code: number, data: unknown): string | undefined => {
  if (code !== urlElicitationRequired) return undefined
  const listed = Option.getOrUndefined(decode(data))?.elicitations ?? []
  const addresses = listed.slice(0, most).flatMap((one) => {
    const wanted = Option.getOrUndefined(decodeOne(one))
    const url = wanted === undefined ? undefined : webAddress(wanted.url)
    return wanted === undefined || url === undefined
      ? []
      : [`- ${url.href} (on ${url.host}): ${plainLine(wanted.message, 300)}`]
  })
  return addresses.length === 0
    ? "The server wants something done in a browser first, and names no address that could be opened"
    : [
        "The call was refused until the user has been to this address in a browser. Show it to the user, who decides " +
          "whether to open it, and call the tool again when they say that it is done:",
        ...addresses
      ].join("\n")
}
