import * as Schema from "effect/Schema"

/**
 * A file cannot be imported. Nothing was stored.
 *
 * @since 0.1.0
 * @category errors
 */
export class ImportError extends Schema.TaggedError<ImportError>()("ImportError", {
  /** Counts from 1. Absent if the problem is that of the whole file. */
  line: Schema.optionalKey(Schema.Int),
  problem: Schema.String
}) {
  override get message(): string {
    return this.line === undefined ? this.problem : `line ${this.line}: ${this.problem}`
  }
}
