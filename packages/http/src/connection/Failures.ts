import { hasProperty, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { HttpError } from "../contract/HttpError.ts"
import { headerBytes } from "../contract/HttpLimits.ts"

/**
 * Converts text from outside to one line of at most `most` characters, without control and format characters. This package
 * imports no other package of Parley, so it cannot use `VisibleText` of `domain`. Callers that show the text do.
 */
export const plain = (text: string, most: number): string =>
  text
    .slice(0, 4 * most)
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, most)
    .toWellFormed()

const codeOf = (error: unknown): string | undefined =>
  hasProperty(error, "code") && isString(error.code) ? error.code : undefined

/**
 * The message of a Node error. If several addresses were tried, it joins their messages, because the outer error has none.
 */
export const problemOf = (error: unknown): string => {
  if (error instanceof AggregateError)
    return [...new Set(error.errors.map((inner: unknown) => problemOf(inner)))].join(", ")
  const message = error instanceof Error ? error.message : String(error)
  return plain(message === "" ? (codeOf(error) ?? "no reason given") : message, 300)
}

export const isHttpError = Schema.is(HttpError)

/** Whether the error comes from Node's HTTP parser. */
export const isMalformed = (error: unknown): boolean => codeOf(error)?.startsWith("HPE_") === true

/** Converts an error that Node reported for a request or a response. */
export const broken = (error: unknown, host: string, sent: boolean): HttpError => {
  if (isHttpError(error)) return error
  const code = codeOf(error)
  if (code === "HPE_HEADER_OVERFLOW")
    return new HttpError({
      host,
      sent,
      reason: { _tag: "TooLarge", limit: "headerBytes", most: headerBytes, beginning: "" }
    })
  if (isMalformed(error)) return new HttpError({ host, sent, reason: { _tag: "Malformed", problem: problemOf(error) } })
  return new HttpError({
    host,
    sent,
    ...(code === undefined ? {} : { code }),
    reason: { _tag: "Broken", problem: problemOf(error) }
  })
}
