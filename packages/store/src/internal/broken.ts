import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"
import { rootCause } from "./storageError.ts"

/** IOERR and CANTOPEN: after them nobody knows what of the files is on the disk, or whether they are open at all. */
const fatal = new Set([10, 14])

/** Whether a connection that failed with this must not be used again. */
export const breaksConnection = (cause: Cause.Cause<unknown>): boolean => {
  const error = cause.pipe(Cause.squash, rootCause)
  return Predicate.hasProperty(error, "errcode") && typeof error.errcode === "number" && fatal.has(error.errcode & 0xff)
}
