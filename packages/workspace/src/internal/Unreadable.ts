import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/**
 * Why something on the disk could not be had. `code` is the operating system's, or one of `NOT_FILE`, `NOT_TEXT`,
 * `TOO_LARGE`, `OUTSIDE` and `CHANGED`; `problem` is for people and continues a sentence that begins with the path.
 */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", {
  code: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

const problems: { readonly [code: string]: string } = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist: a part of its path is not a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "its symbolic links form a loop",
  ENAMETOOLONG: "its name is too long",
  EISDIR: "is a directory",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open",
  ENXIO: "is not a regular file"
}

export const fromCause = (cause: unknown): Unreadable => {
  const code = Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : "UNKNOWN"
  return new Unreadable({ code, problem: problems[code] ?? `cannot be accessed (${code})` })
}

/** There is nothing at that path, whatever the reason. */
export const isMissing = (error: Unreadable): boolean => error.code === "ENOENT" || error.code === "ENOTDIR"
