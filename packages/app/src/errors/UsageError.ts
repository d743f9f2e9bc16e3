import * as Schema from "effect/Schema"

/**
 * The command or its options cannot be carried out as given. `problem` tells the user why.
 *
 * @since 0.1.0
 * @category errors
 */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}
